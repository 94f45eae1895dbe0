-- One row per contact of the vendors' feeds that waits until a service is known for its queue.
{{
    config(
        meta={'touched': 'int_vendor_contact', 'by': ['feed', 'contact_id']},
        indexes=[{'columns': ['feed', 'contact_id']}],
    )
}}

select
    contact.feed,
    contact.contact_id,
    contact.source,
    contact.queue
from {{ ref('int_vendor_contact') }} as contact
where contact.service_code is null and contact.is_received
