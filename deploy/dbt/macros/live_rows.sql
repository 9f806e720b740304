{# The rows of a table whose records the org has. IsDeleted is true of every row that is gone, whatever the reason, so
   packages that know only Salesforce's own columns select the same. #}
{% macro live_rows(table) %}
select * from {{ source('salesforce', table) }}
where not coalesce({{ var('is_deleted') }}, false)
{% endmacro %}
