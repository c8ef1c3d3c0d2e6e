-- Grain: one row a supplier and a span of time in which nothing here changed.
-- Purpose: what was true of a supplier when a conversation began, without reading its history.
-- Before the first snapshot a supplier is taken to be what that one found. A supplier without a
-- line in force has line 0; one in several has that of the smallest mapping id.
-- All rows are built anew each time: they are few.
insert into rpt_supplier_version (supplier_id, valid_from_at, valid_to_at, is_capped, busi_id)
with
shop as (
    select
        id as supplier_id,
        coalesce(ext_flag, 0) = 1 as is_capped,
        valid_from_at,
        case
            when closed_by between 1 and :snapshot_id then valid_to_at
            else cast('9999-12-31' as datetime(6))
        end as valid_to_at
    from cs_supplier_history
    where snapshot_id <= :snapshot_id
),
line as (
    select
        supplier_id,
        id,
        busi_id,
        valid_from_at,
        case
            when closed_by between 1 and :snapshot_id then valid_to_at
            else cast('9999-12-31' as datetime(6))
        end as valid_to_at
    from cs_busi_supplier_mapping_history
    where
        snapshot_id <= :snapshot_id
        and status = 1
        and supplier_id is not null
        and busi_id is not null
),
edge as (
    select supplier_id, valid_from_at as edge_at from shop
    union
    select supplier_id, valid_to_at from shop
    union
    select supplier_id, valid_from_at from line
    union
    select supplier_id, valid_to_at from line
),
state as (
    select
        edge.supplier_id,
        edge.edge_at,
        coalesce(shop.is_capped, 0) as is_capped,
        coalesce(line.busi_id, 0) as busi_id,
        row_number() over (partition by edge.supplier_id, edge.edge_at order by line.id) as choice
    from edge
    left join shop
        on
            shop.supplier_id = edge.supplier_id
            and shop.valid_from_at <= edge.edge_at
            and shop.valid_to_at > edge.edge_at
    left join line
        on
            line.supplier_id = edge.supplier_id
            and line.valid_from_at <= edge.edge_at
            and line.valid_to_at > edge.edge_at
    where edge.edge_at < '9999-12-31'
),
neighbour as (
    select
        supplier_id,
        edge_at,
        is_capped,
        busi_id,
        lag(is_capped) over (partition by supplier_id order by edge_at) as earlier_is_capped,
        lag(busi_id) over (partition by supplier_id order by edge_at) as earlier_busi_id
    from state
    where choice = 1
),
change_point as (
    select
        supplier_id,
        is_capped,
        busi_id,
        case when earlier_busi_id is null then cast('1000-01-01' as datetime(6)) else edge_at end
            as valid_from_at
    from neighbour
    where
        earlier_busi_id is null
        or earlier_busi_id <> busi_id
        or earlier_is_capped <> is_capped
)
select
    supplier_id,
    valid_from_at,
    coalesce(
        lead(valid_from_at) over (partition by supplier_id order by valid_from_at),
        cast('9999-12-31' as datetime(6))
    ) as valid_to_at,
    is_capped,
    busi_id
from change_point
