{#
    When a conversation that is put together from its messages was received, as a lateral query of one
    row. A customer opens it: with his first message, or, where that is not told, by its creation.

    The first public message may be the centre's own. Then the customer was not the one who opened it:
    a conversation that an agent began is none that was received; one that a campaign or a bot began is
    received with the customer's first message. A message that came long after the creation began
    nothing: what was before it has not been told.

    `chat` is the alias of a row with created_at, first_in, first_out and first_reply: the creation,
    and the first message of the customer, of the centre, and of a human agent.
#}
{% macro chat_received(chat, or_creation) -%}
    (
        select
            case
                when opened.by_agent then null
                when opened.by_centre then {{ chat }}.first_in
                else {{ 'least(' ~ chat ~ '.first_in, ' ~ chat ~ '.created_at)' if or_creation
                    else chat ~ '.first_in' }}
            end as received_at
        from (
            select
                begun.by_centre,
                begun.by_centre and {{ chat }}.first_reply = {{ chat }}.first_out as by_agent
            from (
                select coalesce(
                    {{ chat }}.first_out < coalesce({{ chat }}.first_in, 'infinity')
                    and {{ chat }}.first_out
                    <= coalesce({{ chat }}.created_at + interval '2 seconds', 'infinity'),
                    false
                ) as by_centre
            ) as begun
        ) as opened
    )
{%- endmacro %}

{# The first of the instants in a list that is not before another one, which may be unknown. #}
{% macro first_from(list, earliest) -%}
    (
        select min(moment.at)
        from unnest({{ list }}) as moment (at)
        where moment.at >= coalesce({{ earliest }}, '-infinity')
    )
{%- endmacro %}
