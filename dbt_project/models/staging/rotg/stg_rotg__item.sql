-- One row per item of the checklist of the floor, as this version of the product knows it: what
-- only people see. A site states its own by the feed rotg_checklist, or switches one of these off.
with

final (item_code, item_no, severity, item_name, item_name_indonesian) as (
    values
    -- What may cost the client data
    (
        'screen_unlocked', 1, 'critical',
        'Screen left unlocked and unattended', 'Layar ditinggal tanpa dikunci'
    ),
    (
        'customer_data_on_paper', 2, 'critical',
        'Customer data written on paper', 'Data nasabah ditulis di kertas'
    ),
    (
        'phone_on_desk', 3, 'warning',
        'Personal phone on the desk', 'Ponsel pribadi di meja kerja'
    ),
    -- Where and how people work
    ('desk_untidy', 4, 'warning', 'Desk not clean', 'Meja kerja tidak bersih'),
    (
        'food_at_desk', 5, 'warning',
        'Food or an open drink at the desk', 'Makanan atau minuman terbuka di meja kerja'
    ),
    (
        'headset_off', 6, 'warning',
        'Headset not worn while on duty', 'Headset tidak dipakai saat bertugas'
    ),
    (
        'dress_code', 7, 'warning',
        'Dress against the rules', 'Pakaian tidak sesuai ketentuan'
    ),
    (
        'id_card_missing', 8, 'warning',
        'Identity card not worn', 'Kartu identitas tidak dipakai'
    )
)

select
    final.item_code,
    final.item_no::numeric as item_no,
    final.severity,
    final.item_name,
    final.item_name_indonesian
from final
