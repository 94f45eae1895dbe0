-- One row: the service that the research file stands for, where the site has not described it.
select
    'BANK' as service_code,
    'Anonymous Bank' as service_name,
    'Anonymous Bank' as client_name,
    'Asia/Jerusalem' as timezone
