-- Grain: one row a vendor ticket (vendor, ticket_id).
-- Purpose: the facts that every other number about tickets is counted from.
-- changed_ticket names those to build; their old rows are gone already, their states are there.
-- closed_at is what the vendor says, else the look that first showed it closed; NULL where no look
-- had shown it open; a reopened ticket has none until it closes again. Withdrawn, invalid, cancelled
-- and deleted tickets are closed without a result and have no close_s. Messages are read when a
-- ticket is closed, so first_reply_s is that of complete tickets only.
-- Turns: support has to act from a customer's message (the creation at first) to its reply, the
-- customer from there to the next message; requester_wait_s and agent_wait_s add up to the time
-- from creation to closing. What is said before or after these counts as said then. As turns take
-- turns, the sum of the waits is that of the replies' moments less that of the questions' (turns_us,
-- where the last question, asked_us, has no reply when there are more of them).
-- Business time of a span is the difference of what rpt_day has added up by its ends.
insert into rpt_ticket (
    vendor, ticket_id, account_id, product_id, category_id, source_id, vendor_status, status_zh,
    status_en, title, product_name, category_name, source_name, account_name, region_id, is_closed, is_complete, is_resolved,
    is_missing, created_at, closed_at, last_message_at, first_reply_at, first_closed_at,
    local_created_at, local_closed_at, local_last_message_at, local_first_reply_at, reopens,
    staff_messages, customer_messages, reply_turns, staff_people, handoffs, first_reply_s, close_s,
    reply_wait_s, requester_wait_s, agent_wait_s, first_reply_business_s, close_business_s,
    reply_wait_business_s, requester_wait_business_s, waits_for, waits_since_at, severity,
    satisfaction, local_day, row_hash, updated_at
)
with
message as (
    select
        c.vendor,
        c.ticket_id,
        c.row_hash,
        m.message_id,
        m.from_customer,
        m.author,
        m.created_at as said_at,
        greatest(
            coalesce(t.created_at, m.created_at),
            least(
                m.created_at,
                case when t.is_closed and t.closed_at >= t.created_at
                    then t.closed_at else m.created_at end
            )
        ) as at
    from changed_ticket as c
    inner join stg_ticket as t on t.vendor = c.vendor and t.ticket_id = c.ticket_id
    left join stg_message as m
        on
            m.vendor = c.vendor
            and m.ticket_id = c.ticket_id
            and m.from_customer is not null
            and m.created_at is not null
),
timed as (
    select
        m.*,
        timestampdiff(microsecond, '1970-01-01', m.at) as us,
        (d.business_before_s - d.opens_s) * 1000000 + least(
            greatest(timestampdiff(microsecond, d.start_at, m.at), d.opens_s * 1000000),
            d.closes_s * 1000000
        ) as business_us,
        lag(m.from_customer) over (
            partition by m.vendor, m.ticket_id order by m.said_at, m.message_id
        ) as before_it,
        lag(m.author) over (
            partition by m.vendor, m.ticket_id, m.from_customer order by m.said_at, m.message_id
        ) as author_before
    from message as m
    left join rpt_day as d on d.local_day = cast(m.at + interval :local_minutes minute as date)
),
turned as (
    select
        timed.*,
        from_customer = 1 and coalesce(before_it, 0) = 0 as is_question,
        from_customer = 0 and coalesce(before_it, 1) = 1 as is_answer,
        from_customer = 0 and before_it is null as is_first
    from timed
),
talk as (
    select
        vendor,
        ticket_id,
        row_hash,
        count(case when from_customer = 0 then 1 end) as staff_messages,
        count(case when from_customer = 1 then 1 end) as customer_messages,
        max(from_customer = 0 and author is null) as is_unnamed,
        count(distinct case when from_customer = 0 then author end) as staff_people,
        count(case when from_customer = 0 and author <> author_before then 1 end) as handoffs,
        min(case when from_customer = 0 then said_at end) as first_reply_at,
        min(case when from_customer = 0 then business_us end) as first_reply_business_us,
        max(case when is_question or is_answer then said_at end) as turned_at,
        count(case when is_answer then 1 end) as answers,
        -- Who is answered before the first message asked with the creation.
        max(coalesce(is_first, 0)) as is_asked_by_creation,
        count(case when is_question then 1 end) + max(coalesce(is_first, 0)) as questions,
        max(case when is_question then us end) as asked_us,
        max(case when is_question then business_us end) as asked_business_us,
        sum(case when is_answer then us when is_question then -us end) as turns_us,
        sum(case when is_answer then business_us when is_question then -business_us end)
            as turns_business_us
    from turned
    group by vendor, ticket_id, row_hash
),
placed as (
    select
        t.*,
        w.row_hash,
        w.staff_messages,
        w.customer_messages,
        case when w.is_unnamed = 0 then w.staff_people end as staff_people,
        case when w.is_unnamed = 0 then w.handoffs end as handoffs,
        w.first_reply_at,
        w.first_reply_business_us,
        w.turned_at,
        w.answers,
        w.questions,
        w.is_asked_by_creation,
        w.turns_us,
        w.turns_business_us,
        case when w.questions > w.answers then w.asked_us end as open_us,
        case when w.questions > w.answers then w.asked_business_us end as open_business_us,
        case when t.is_closed and t.closed_at >= t.created_at
            then timestampdiff(microsecond, '1970-01-01', t.closed_at) end as ended_us,
        t.is_closed and t.resolved and t.closed_at >= t.created_at as is_resolved_now,
        timestampdiff(microsecond, '1970-01-01', t.created_at) as created_us,
        (b.business_before_s - b.opens_s) * 1000000 + least(
            greatest(timestampdiff(microsecond, b.start_at, t.created_at), b.opens_s * 1000000),
            b.closes_s * 1000000
        ) as created_business_us,
        (e.business_before_s - e.opens_s) * 1000000 + least(
            greatest(timestampdiff(microsecond, e.start_at, t.closed_at), e.opens_s * 1000000),
            e.closes_s * 1000000
        ) as ended_business_us
    from talk as w
    inner join stg_ticket_named as t on t.vendor = w.vendor and t.ticket_id = w.ticket_id
    left join rpt_day as b on b.local_day = cast(t.created_at + interval :local_minutes minute as date)
    left join rpt_day as e on e.local_day = cast(t.closed_at + interval :local_minutes minute as date)
),
ticket as (
    select
        placed.*,
        turns_us + coalesce(open_us, 0) - is_asked_by_creation * created_us as wait_us,
        turns_business_us + coalesce(open_business_us, 0)
        - is_asked_by_creation * created_business_us as wait_business_us,
        coalesce(ended_us - open_us, 0) as unanswered_us,
        coalesce(ended_business_us - open_business_us, 0) as unanswered_business_us
    from placed
)
select
    t.vendor,
    t.ticket_id,
    t.account_id,
    t.product_id,
    t.category_id,
    t.source_id,
    t.vendor_status,
    coalesce(n.name_zh, t.vendor_status) as status_zh,
    coalesce(n.name_en, t.vendor_status) as status_en,
    -- As it was masked before; a new one comes with the texts.
    x.content as title,
    t.product_name,
    t.category_name,
    t.source_name,
    t.account_name,
    t.region_id,
    t.is_closed,
    t.is_complete,
    case when t.is_closed then t.resolved end as is_resolved,
    t.is_missing,
    t.created_at,
    case when t.is_closed then t.closed_at end as closed_at,
    t.last_message_at,
    t.first_reply_at,
    (
        select min(s.from_at) from rpt_ticket_state as s
        where s.vendor = t.vendor and s.ticket_id = t.ticket_id and s.is_closed = 1
    ) as first_closed_at,
    t.created_at + interval :local_minutes minute as local_created_at,
    case when t.is_closed then t.closed_at + interval :local_minutes minute end as local_closed_at,
    t.last_message_at + interval :local_minutes minute as local_last_message_at,
    t.first_reply_at + interval :local_minutes minute as local_first_reply_at,
    (
        select sum(s.is_reopened) from rpt_ticket_state as s
        where s.vendor = t.vendor and s.ticket_id = t.ticket_id
    ) as reopens,
    case when t.is_read then t.staff_messages end as staff_messages,
    case when t.is_read then t.customer_messages end as customer_messages,
    case when t.is_read then t.answers end as reply_turns,
    case when t.is_read then t.staff_people end as staff_people,
    case when t.is_read then t.handoffs end as handoffs,
    case when t.is_complete and t.first_reply_at >= t.created_at
        then timestampdiff(microsecond, t.created_at, t.first_reply_at) / 1e6 end as first_reply_s,
    case when t.is_resolved_now then (t.ended_us - t.created_us) / 1e6 end as close_s,
    case when t.is_complete then t.wait_us / 1e6 end as reply_wait_s,
    case when t.is_complete and t.ended_us is not null
        then (t.wait_us + t.unanswered_us) / 1e6 end as requester_wait_s,
    case when t.is_complete
        then (t.ended_us - t.created_us - t.wait_us - t.unanswered_us) / 1e6 end as agent_wait_s,
    case when t.is_complete and t.first_reply_at >= t.created_at
        then (t.first_reply_business_us - t.created_business_us) / 1e6
    end as first_reply_business_s,
    case when t.is_resolved_now
        then (t.ended_business_us - t.created_business_us) / 1e6 end as close_business_s,
    case when t.is_complete then t.wait_business_us / 1e6 end as reply_wait_business_s,
    case when t.is_complete and t.ended_us is not null
        then (t.wait_business_us + t.unanswered_business_us) / 1e6
    end as requester_wait_business_s,
    case when not t.is_closed and t.is_read
        then case when t.questions = t.answers and t.questions > 0
            then 'customer' else 'vendor' end end as waits_for,
    case when not t.is_closed and t.is_read
        then coalesce(t.turned_at, t.created_at) end as waits_since_at,
    t.severity,
    t.satisfaction,
    cast(t.created_at + interval :local_minutes minute as date) as local_day,
    t.row_hash,
    :built_at as updated_at
from ticket as t
left join rpt_status as n
    on n.vendor = t.vendor and n.vendor_status = t.vendor_status collate utf8mb4_bin
left join rpt_text as x
    on x.vendor = t.vendor and x.ticket_id = t.ticket_id and x.message_id = ''
