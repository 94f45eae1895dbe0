{# Fails for each key that stands on more than one row. A null counts as a value. #}
{% test is_unique_by(model, columns) %}
select {{ columns | join(', ') }}, count(*) as occurrences
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}
