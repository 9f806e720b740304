{# Fails where a model has another number of rows than the org has records. Who knows these numbers gives all of them, by
   the names of the models: --vars '{"org": {"live_account": 120, "live_contact": 300}}' #}
{% test as_many_as_in_the_org(model) %}
{% if var('org') %}
select n from (select count(*) as n from {{ model }}) counted where n <> {{ var('org').get(model.identifier, -1) }}
{% else %}
select 1 as n where false
{% endif %}
{% endtest %}
