"""A labelled corpus: ticket texts, each with what must be masked in it, made from a seed.

Nothing here looks at the rules under test: numbers come with check digits calculated another way,
and texts are what customers and support write, with what only looks like personal data.
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

ALNUM: Final = string.ascii_letters + string.digits
SMALL: Final = string.ascii_lowercase + string.digits
CAPITAL: Final = string.ascii_uppercase + string.digits


@dataclass(frozen=True)
class Snippet:
    """A text and what must be masked in it: kind and exact words."""

    text: str
    secrets: tuple[tuple[str, str], ...]


class Maker:
    """Makes snippets; equal seeds, equal snippets."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311 - a test's dice

    def digits(self, number: int) -> str:
        return "".join(self.random.choices(string.digits, k=number))

    def word(self, number: int, alphabet: str = string.ascii_lowercase) -> str:
        return "".join(self.random.choices(alphabet, k=number))

    def one_of(self, *choices: str) -> str:
        return self.random.choice(choices)

    def wide(self, text: str) -> str:
        """Sometimes as a Chinese keyboard types digits: full width."""
        if self.random.random() > 0.1:
            return text
        return "".join(chr(ord(c) + 0xFEE0) if c in string.digits else c for c in text)

    def email(self) -> str:
        name = self.one_of(
            self.word(6),
            f"{self.word(4)}.{self.word(5)}",
            f"{self.word(3)}_{self.digits(3)}",
            f"{self.word(5)}+{self.word(3)}",
            self.digits(9),
            f"{self.word(1)}-{self.word(4)}",
            self.word(6).upper(),
        )
        host = self.one_of(
            "qq.com",
            "163.com",
            "126.com",
            "gmail.com",
            "mail.example.com.cn",
            "corp-it.example.org",
            "outlook.com",
            "sub.dept.example.co.uk",
            "EXAMPLE.COM",
            "foxmail.com",
        )
        return f"{name}{self.one_of('@', '@', '@', '@', '@', '@', '＠')}{host}"

    def mobile(self) -> str:
        start = self.one_of(
            "130", "135", "138", "139", "147", "150", "158", "166", "176", "186", "199"
        )
        middle, end = self.digits(4), self.digits(4)
        form = self.one_of(
            "{}{}{}",
            "{}{}{}",
            "{}{}{}",
            "{} {} {}",
            "{}-{}-{}",
            "+86 {}{}{}",
            "+86{}{}{}",
            "+86-{}-{}-{}",
            "86 {}{}{}",
            "0086{}{}{}",
            "(+86) {} {} {}",
            "{}–{}–{}",
            "{}\u3000{}\u3000{}",
            "{}.{}.{}",
            "{}{} {}",
            "{} - {} - {}",
            "0{}{}{}",
            "{}  {}  {}",
        )
        return self.wide(form.format(start, middle, end))

    def landline(self) -> str:
        if self.random.random() < 0.5:
            area, number = (
                self.one_of("10", "20", "21", "25", "28"),
                self.one_of("5", "6", "8") + self.digits(7),
            )
        else:
            area, number = (
                self.one_of("571", "755", "512", "311"),
                self.one_of("2", "8") + self.digits(6),
            )
        form = self.one_of(
            "0{}-{}",
            "0{}-{}",
            "0{} {}",
            "(0{}){}",
            "0{}{}",
            "+86-{}-{}",
            "+86 {} {}",
            "(0{}) {}",
            "（0{}）{}",
        )
        text = form.format(area, number)
        if len(number) == 8 and self.random.random() < 0.3:
            text = form.format(
                area, f"{number[:4]} {number[4:]}" if " " in form else f"{number[:4]}-{number[4:]}"
            )
        return self.wide(
            text + self.one_of("", "", "", f"-{self.digits(3)}", f"转{self.digits(4)}")
        )

    def identity(self, *, right: bool = True) -> str:
        born = date(1950, 1, 1) + timedelta(days=self.random.randrange(20_000))
        body = (
            self.one_of("110105", "330106", "440305", "320583", "510107")
            + f"{born:%Y%m%d}"
            + self.digits(3)
        )
        # ISO 7064 MOD 11-2, digit by digit
        rest = 0
        for digit in body:
            rest = (rest + int(digit)) * 2 % 11
        check = (12 - rest) % 11
        if not right:
            check = (check + self.random.randrange(1, 10)) % 11
        last = "X" if check == 10 else str(check)
        if not right:
            last = last.replace("X", "3" if (12 - rest) % 11 != 3 else "4")
        last = last if self.random.random() < 0.8 else last.lower()
        form = self.one_of(
            "{}{}{}{}", "{}{}{}{}", "{}{}{}{}", "{} {} {}{}", "{}-{}-{}{}", "{} {}{}{}"
        )
        return self.wide(form.format(body[:6], body[6:14], body[14:], last))

    def card(self, *, right: bool = True) -> str:
        body = self.one_of("622202", "621700", "622848", "436742", "621226", "521899", "625912")
        length = 16 if body[0] == "5" else self.random.choice([16, 16, 19, 19, 18])
        body += self.digits(length - 1 - len(body))
        # Luhn by the table of doubled digits, from the right
        table = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
        total = sum(table[int(c)] if i % 2 == 0 else int(c) for i, c in enumerate(reversed(body)))
        check = -total % 10
        if not right:
            check = (check + self.random.randrange(1, 9)) % 10
        text = f"{body}{check}"
        if self.random.random() < 0.4:
            gap = self.one_of(" ", " ", "-")
            text = gap.join(text[i : i + 4] for i in range(0, length, 4))
        return self.wide(text)

    def key(self) -> str:
        if self.random.random() < 0.25:
            name = self.one_of(
                "RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY"
            )
            lines = "\n".join(
                self.word(64, ALNUM + "+/") for _ in range(self.random.randrange(1, 6))
            )
            end = self.one_of("\n", "==\n")
            return f"-----BEGIN {name}-----\n{lines}{end}-----END {name}-----"
        return self.one_of(
            "LTAI5t" + self.word(18, ALNUM),
            "LTAI" + self.word(12, ALNUM),
            "AKID" + self.word(32, ALNUM),
            "AKIA" + self.word(16, CAPITAL),
        )

    def password(self) -> str:
        return self.one_of(
            self.word(1).upper() + self.word(5) + "@" + self.digits(3),
            self.word(4) + self.digits(4),
            self.digits(6) + self.one_of("aB", "#x", "Qq"),
            "P@ssw0rd" + self.digits(2) + "!",
            self.word(12, ALNUM + "#$%^&*_-+="),
            self.word(8),
        )

    def harmless(self) -> str:
        """What looks like something and must stay."""
        text = self.one_of(*HARMLESS)
        if "{bad" in text:
            bad = self.identity if "identity" in text else self.card
            return text.partition("{")[0] + bad(right=False)
        return "".join(self.random.choice(BLANKS.get(char, char)) for char in text)

    def snippet(self, kind: str | None) -> Snippet:
        if kind is None:
            text = self.one_of(*NEUTRAL).format(self.harmless(), self.harmless())
            return Snippet(text, ())
        secret = getattr(self, kind)()
        text = self.one_of(*FRAMES[kind]).format(secret)
        if self.random.random() < 0.5:
            text = self.one_of("{1}，{0}", "{0}。{1}", "{0}\n{1}", "{1}; {0}").format(
                text, self.harmless()
            )
        return Snippet(text, ((kind, secret),))


# digit, small letter or digit, capital or digit, hexadecimal digit
BLANKS: Final = {"#": string.digits, "§": SMALL, "¤": CAPITAL, "ƒ": string.hexdigits[:16]}
HARMLESS: Final = (
    "订单号 {bad identity}",
    "订单号 {bad identity}",
    "流水号：{bad card}",
    "order {bad card}",
    "订单 2##############",
    "订单 20260#1########",
    "uid 1###############",
    "timestamp 17########",
    "ts=17###########",
    "20260#1#1#####",
    "13########## 条记录",
    "工单号 0005¤¤¤¤¤¤",
    "工单 3#######",
    "来源 IP 1##.2#.1##.9#",
    "10.#.##.1##",
    "139.196.1#.1##:3306",
    "172.16.#.0/24",
    "2001:db8:####::###",
    "时间 2026-01-1# 13:4#:07.###",
    "2026/01/2# 0#:1#",
    "MySQL 8.0.3#, nginx/1.2#.#",
    "v2.1#.#-rc#",
    "instance i-bp1§§§§§§§§§§§§§§§§§",
    "rm-§§§§§§§§§§.mysql.rds.aliyuncs.com",
    "ins-§§§§§§§§",
    "vpc-abc13#########",
    "lb-13#########",
    "d-######## 扩容到 2000 GB",
    "MAC 00:16:3e:##:##:##",
    "RequestId ƒƒƒƒƒƒƒƒ-####-4ƒƒƒ-####-ƒƒƒƒƒƒƒƒƒƒƒƒ",
    "commit ƒƒƒƒƒƒƒƒƒƒƒƒƒƒƒƒƒƒƒƒ",
    "错误码 NOT_MATCH_######",
    "热线 400-###-####",
    "请拨打 95187 转 1",
    "¥#####.## 元，共 ### 台",
    "QPS 150 ### 300",
    "端口 2####-3####",
    "带宽 200 #### #### Mbps",
    "##%，### ms，#### MB",
    "ISBN 978-7-###-#####-#",
    "发票号 ########，税号 91######MA¤¤¤¤¤¤¤¤",
    "registry.cn-hangzhou.aliyuncs.com/ns/app@sha256:ƒƒƒƒƒƒƒƒƒƒƒƒƒƒƒƒ",
    "lodash@4.17.##",
    "@abcd## 已处理",
    "ssh root@10.0.#.##",
    "logo@2x.png 无法显示",
    "@张工 请看一下",
    "http://example.com:8080/a/b?x=1",
    "https://help.aliyun.com/document_detail/######.html",
    "oss://bucket-##########/log/2026-01-##.gz",
    "密码错误，无法登录",
    "忘记密码，请问怎么重置密码？",
    "密码：8-30位，含大小写字母",
    "the password is wrong since 8.0.3#",
    "ERROR 1045 (28000): Access denied for user 'root'@'localhost' (using password: YES)",
    "password is required",
    "Your password: incorrect",
    "password: ******",
    "--password=<your password>",
    "token expired, error code 401",
    "重置实例 ecs-####abcd 的密码 失败 3 次",
    "AKID 和 LTAI 开头的是密钥ID",
    "secret 为空时报错，token is required",
)
NEUTRAL: Final = (
    "{}",
    "您好，{}，请协助处理。",
    "Hello, {} since yesterday; {}",
    "{}\n{}",
    "问题：{}（{}）",
    "we see {} and {}.",
    "{}，谢谢",
)
FRAMES: Final = {
    "email": (
        "联系邮箱{}，谢谢",
        "邮箱：{}",
        "please reply to {}.",
        "<{}>",
        "contact {} or call",
        "发送到{}失败",
        "({})",
        "user={}&x=1",
        "{}",
        "mailto:{}",
        '"{}"',
    ),
    "mobile": (
        "请打 {}",
        "手机：{}，张先生",
        "电话{}",
        "tel: {}",
        "Please call {} asap",
        "联系方式 {}（微信同号）",
        "{}",
        "phone={}&a=b",
        "联系人：李四 {}",
        "我的号码是{}。",
        "手机号\n{}\n",
        "Tel{}",
    ),
    "landline": (
        "座机 {}",
        "电话：{}",
        "公司电话{}，找王经理",
        "office: {}",
        "fax {} please",
        "{}",
        "请致电{}。",
    ),
    "identity": (
        "身份证 {}",
        "身份证号：{}",
        "ID card {} attached",
        "证件号{}，已实名",
        "{}",
        "实名信息：张三，{}",
    ),
    "card": (
        "卡号 {}",
        "银行卡：{}",
        "card number {}, please refund",
        "退款到{}（工商银行）",
        "{}",
        "尾号前为{}。",
    ),
    "key": (
        "AccessKey: {}",
        "ak={}",
        "我的密钥ID是{}，报错",
        "key {} is denied",
        "{}",
        "```\n{}\n```",
        "AccessKeyId:{},",
    ),
    "password": (
        "密码：{}",
        "密码:{}",
        "password: {}",
        "Password={}",
        "MYSQL_ROOT_PASSWORD={}",
        '{{"password": "{}"}}',
        "账号 root 密码: {} 请查",
        "passwd = {}",
        "pwd:{}",
        "口令：{}",
        "mysql://root:{}@db.internal.example:3306/app",
        "登录密码 : {}",
        "DB_PASS={}",
        "password: '{}'",
        "初始密码＝{}",
        "密码是{}，还是登录不上",
        "root/密码 {}",
        "the password is {} now",
        "密码改成{}之后",
        "mysql -uroot --password={}",
    ),
}


def corpus(seed: int, number: int) -> list[Snippet]:
    """*number* snippets: six of ten with one secret of any kind, four with none."""
    maker = Maker(seed)
    kinds = list(FRAMES)
    return [maker.snippet(kinds[i % len(kinds)] if i % 10 < 6 else None) for i in range(number)]
