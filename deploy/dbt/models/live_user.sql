{# User has no IsDeleted: what Catchment says of the row is the same in every table. #}
select * from {{ source('salesforce', 'user') }}
where _catchment_deleted_at is null
