variable "customer" {
  type        = string
  description = "Whose flows these are"
}

variable "deleted" {
  type    = bool
  default = true
}

variable "industry" {
  default = "Banking"
}

variable "fields" {
  type    = list(string)
  default = ["Fax"]
}

locals {
  minutes  = 15
  excluded = concat(var.fields, ["Sic"])
  objects = {
    Contact = { fields = { Id = "id", LastName = "surname", Email = "email" } }
    Lead    = { fields = { Id = "id", Company = "company" } }
  }
}
