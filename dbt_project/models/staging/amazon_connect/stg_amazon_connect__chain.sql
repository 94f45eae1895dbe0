-- One row per delivered version of a contact record, under the contact with which the customer
-- came.
select
    coalesce(contact.initial_contact_id, contact.contact_id) as call_id,
    coalesce(contact.initial_contact_id, contact.contact_id) as conversation_id,
    (
        select named.named_in_load
        from {{ service_of_queue('amazon_connect', 'contact.queue') }} as named
    ) as named_in_load,
    contact._load_id
from {{ source('raw', 'amazon_connect_contact') }} as contact
