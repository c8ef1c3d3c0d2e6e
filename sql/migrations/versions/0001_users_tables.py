"""The user's tables, as the user wrote them.

Five statements, word for word (the document names a sixth table, cloud_osm_source, and leaves its
statement out). ``long`` becomes MEDIUMTEXT in MySQL and MariaDB; ``utf8`` has three bytes there.
A table that is already there is adopted as it is, when its columns show that it is this one.

Revision ID: 0001
"""

# ruff: noqa: E501  (the long lines are the user's)

from typing import Final

from alembic import op

from sql.migrations.frozen import ddl

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MARKS: Final = {
    "cloud_user": {"id", "secret_id"},
    "cloud_osm_list": {"id", "cloud_id"},
    "cloud_osm_detail": {"id", "case_id", "message_id"},
    "cloud_osm_product": {"id", "name"},
    "cloud_osm_product_type": {"id", "name"},
}
"""What a table must have to be the user's; other columns that are missing are added later."""

STATEMENTS: Final = {
    "cloud_user": """\
CREATE TABLE `cloud_user`  (
  `id` varchar(50) NOT NULL  COMMENT 'ID',
  `secret_id` varchar(50) NOT NULL COMMENT 'secret_id',
  `secret_key_secret` varchar(50) CHARACTER SET utf8 COLLATE utf8_unicode_ci NULL DEFAULT NULL COMMENT 'secret_key_secret',
  `region_id` varchar(50) CHARACTER SET utf8 COLLATE utf8_unicode_ci NULL DEFAULT NULL COMMENT '地域',
  `type` varchar(50) CHARACTER SET utf8 COLLATE utf8_unicode_ci NULL DEFAULT NULL COMMENT 'HUAWEI,ALIBABA,TENCENT',
  `create_time` long CHARACTER SET utf8 COLLATE utf8_unicode_ci NULL DEFAULT NULL COMMENT '创建时间',
  PRIMARY KEY (`id`) USING BTREE
  ) ENGINE = InnoDB AUTO_INCREMENT = 426 CHARACTER SET = utf8 COLLATE = utf8_unicode_ci COMMENT = '云厂商账户信息表' ROW_FORMAT = Dynamic""",
    "cloud_osm_list": """\
CREATE TABLE `cloud_osm_list`  (
  `id` varchar(50) NOT NULL  COMMENT 'ID',
  `cloud_id` varchar(50) NOT NULL COMMENT '工单ID(云厂商ID)',
  `status` int   COMMENT '工单状态（0表示以结单数据，1 表示非完整数据）',
    `name` varchar(500) CHARACTER SET utf8 COLLATE utf8_unicode_ci NULL DEFAULT NULL COMMENT '工单标题',
      `email` varchar(50) CHARACTER SET utf8 COLLATE utf8_unicode_ci NULL DEFAULT NULL COMMENT 'email',
      `type`  varchar(50)    COMMENT '工单类型：ALIBABA，HUAWEI',
    `product_id` varchar(50) CHARACTER SET utf8 COLLATE utf8_unicode_ci NULL DEFAULT NULL COMMENT '产品ID',
    `product_business_id` varchar(50) CHARACTER SET utf8 COLLATE utf8_unicode_ci NULL DEFAULT NULL COMMENT '产品问题类别ID',
    `osm_id` varchar(50) CHARACTER SET utf8 COLLATE utf8_unicode_ci NULL DEFAULT NULL COMMENT '工单来源ID',
    `custom_id` varchar(50) CHARACTER SET utf8 COLLATE utf8_unicode_ci NULL DEFAULT NULL COMMENT '用户ID （cloud_user_id）',
  `create_time` long CHARACTER SET utf8 COLLATE utf8_unicode_ci NULL DEFAULT NULL COMMENT '工单创建时间',
  PRIMARY KEY (`id`) USING BTREE
    ) ENGINE = InnoDB AUTO_INCREMENT = 426 CHARACTER SET = utf8 COLLATE = utf8_unicode_ci COMMENT = '云工单列表' ROW_FORMAT = Dynamic""",
    "cloud_osm_detail": """\
CREATE TABLE `cloud_osm_detail`  (
  `id` varchar(50) NOT NULL  COMMENT 'ID',
  `case_id` varchar(50) NOT NULL COMMENT '工单ID(云厂商ID)',
  `message_id` varchar(50)    COMMENT '工单状态（0表示以结单数据，1 表示非完整数据）',
      `type`  varchar(50)    COMMENT '工单类型：ALIBABA，HUAWEI',
  `replier` varchar(50) CHARACTER SET utf8 COLLATE utf8_unicode_ci NULL DEFAULT NULL COMMENT '留言者',
    `replier_name` varchar(50) CHARACTER SET utf8 COLLATE utf8_unicode_ci NULL DEFAULT NULL COMMENT '留言者名称',
    `content` varchar(50) CHARACTER SET utf8 COLLATE utf8_unicode_ci NULL DEFAULT NULL COMMENT '留言内容',
  `create_time` long CHARACTER SET utf8 COLLATE utf8_unicode_ci NULL DEFAULT NULL COMMENT '工单创建时间',
  PRIMARY KEY (`id`) USING BTREE
    ) ENGINE = InnoDB AUTO_INCREMENT = 426 CHARACTER SET = utf8 COLLATE = utf8_unicode_ci COMMENT = '工单详情' ROW_FORMAT = Dynamic""",
    "cloud_osm_product": """\
CREATE TABLE `cloud_osm_product`  (
  `id` varchar(50) NOT NULL  COMMENT '产品ID（直接使用云产商所返回的产品ID）',
      `type`  varchar(50)    COMMENT '工单类型：ALIBABA，HUAWEI',
  `name` varchar(50) NOT NULL COMMENT '产品名称',
  `description` varchar(5000)    COMMENT '产品备注',
    `acronym` varchar(50) CHARACTER SET utf8 COLLATE utf8_unicode_ci NULL DEFAULT NULL COMMENT '产品类型简称（华为专用）',
  `create_time` long CHARACTER SET utf8 COLLATE utf8_unicode_ci NULL DEFAULT NULL COMMENT '工单创建时间',
  PRIMARY KEY (`id`) USING BTREE
    ) ENGINE = InnoDB AUTO_INCREMENT = 426 CHARACTER SET = utf8 COLLATE = utf8_unicode_ci COMMENT = '工单产品信息' ROW_FORMAT = Dynamic""",
    "cloud_osm_product_type": """\
CREATE TABLE `cloud_osm_product_type`  (
  `id` varchar(50) NOT NULL  COMMENT '产品问题类别ID（直接使用云产商所返回的产品ID）',
   `type`  varchar(50)    COMMENT '工单类型：ALIBABA，HUAWEI',
  `name` varchar(50) NOT NULL COMMENT '产品问题类别名称',
  `create_time` long CHARACTER SET utf8 COLLATE utf8_unicode_ci NULL DEFAULT NULL COMMENT '工单创建时间',
  PRIMARY KEY (`id`) USING BTREE
    ) ENGINE = InnoDB AUTO_INCREMENT = 426 CHARACTER SET = utf8 COLLATE = utf8_unicode_ci COMMENT = '工单产品信息' ROW_FORMAT = Dynamic""",
}


def upgrade() -> None:
    """Create what is missing. Nothing is created when a table of that name is another one."""
    there = set()
    if not op.get_context().as_sql:
        for name, marks in MARKS.items():
            present = ddl.read(op.get_bind(), name)
            if present is None:
                continue
            there.add(name)
            missing = marks - set(present.columns)
            if missing or present.primary != ("id",):
                raise ddl.error_for(
                    "operator",
                    f"table {name} is there, but "
                    + (
                        f"without the column {', '.join(sorted(missing))}"
                        if missing
                        else f"its primary key is not id but {present.primary or 'missing'}"
                    )
                    + ": it is not the table of the design. Nothing was changed; rename it, or"
                    " name another database, and migrate again",
                )
    for name, statement in STATEMENTS.items():
        if name not in there:
            ddl.run(statement)
