# Accounts into the lake, and what the catalogue asks for
resource "aws_appflow_flow" "accounts" {
  provider = aws.lake
  name     = "${var.customer}-accounts"

  source_flow_config {
    connector_type         = "Salesforce"
    connector_profile_name = aws_appflow_connector_profile.crm.name
    source_connector_properties {
      salesforce {
        object                      = "Account"
        enable_dynamic_field_update = false
        include_deleted_records     = var.deleted
        data_transfer_api           = "BULKV2"
      }
    }
  }

  destination_flow_config {
    api_version            = null
    connector_profile_name = null
    connector_type         = "S3"
    destination_connector_properties {
      s3 {
        bucket_name   = aws_s3_bucket.lake.id
        bucket_prefix = "crm"
        s3_output_format_config {
          file_type                   = "JSON"
          preserve_source_data_typing = false
          aggregation_config {
            aggregation_type = "None"
            target_file_size = 0
          }
          prefix_config {
            prefix_type = "PATH"
          }
        }
      }
    }
  }

  task {
    task_type         = "Map"
    source_fields     = ["AccountNumber"]
    destination_field = "number"
    task_properties = {
      "DESTINATION_DATA_TYPE" = "string"
      "SOURCE_DATA_TYPE"      = "string"
    }
    connector_operator {
      salesforce = "NO_OP"
    }
  }

  task {
    task_type       = "Map_all"
    source_fields   = [""]
    task_properties = { EXCLUDE_SOURCE_FIELDS_LIST = jsonencode(local.excluded) }
    connector_operator {
      salesforce = "NO_OP"
    }
  }

  task {
    task_type     = "Filter"
    source_fields = ["Industry"]
    task_properties = {
      DATA_TYPE = "picklist"
      VALUE     = var.industry
    }
    connector_operator {
      salesforce = "EQUAL_TO"
    }
  }

  trigger_config {
    trigger_type = "Scheduled"
    trigger_properties {
      scheduled {
        schedule_expression  = "rate(${local.minutes}minutes)"
        data_pull_mode       = "Incremental"
        schedule_start_time  = "2026-01-01T00:00:00Z"
        timezone             = "UTC"
        first_execution_from = null
      }
    }
  }

  lifecycle {
    ignore_changes = [tags]
  }
}

resource "aws_appflow_flow" "each" {
  for_each = local.objects
  name     = "crm-${lower(each.key)}"
  kms_arn  = aws_kms_key.lake.arn

  source_flow_config {
    connector_type = "Salesforce"
    source_connector_properties {
      salesforce {
        object                  = each.key
        include_deleted_records = true
      }
    }
  }

  destination_flow_config {
    connector_type = "Redshift"
    destination_connector_properties {
      redshift {
        object                   = "salesforce_incremental.${lower(each.key)}"
        intermediate_bucket_name = aws_s3_bucket.lake.id
        error_handling_config {
          bucket_name = aws_s3_bucket.lake.id
        }
      }
    }
  }

  dynamic "task" {
    for_each = each.value.fields
    content {
      task_type         = "Map"
      source_fields     = [task.key]
      destination_field = task.value
      connector_operator {
        salesforce = "NO_OP"
      }
    }
  }

  task {
    task_type     = "Filter"
    source_fields = keys(each.value.fields)
    connector_operator {
      salesforce = "PROJECTION"
    }
  }

  trigger_config {
    trigger_type = "OnDemand"
  }
}

resource "aws_appflow_flow" "unknown" {
  name = "unknown"
  source_flow_config {
    connector_type = "Salesforce"
    source_connector_properties {
      salesforce { object = data.aws_ssm_parameter.object.value }
    }
  }
  destination_flow_config {
    connector_type = "S3"
    destination_connector_properties {
      s3 { bucket_name = "lake" }
    }
  }
  task {
    task_type = "Map_all"
  }
  trigger_config { trigger_type = "Event" }
}

resource "aws_appflow_flow" "none" {
  count = var.deleted ? 0 : 1
  name  = "none"
}

resource "aws_appflow_connector_profile" "crm" {
  name = "crm"
}

resource "aws_s3_bucket" "lake" {
  bucket = "lake"
}

module "more" {
  source = "./more"
}
