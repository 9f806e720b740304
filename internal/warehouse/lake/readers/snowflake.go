package readers

import (
	"strings"

	"catchment/internal/warehouse/shape"
)

// snowflake reads by a database that is linked with a catalog, and only reads: one that may write takes tables that
// are dropped there out of the lake.
func snowflake() engine {
	return engine{
		name: "snowflake", title: "Snowflake", text: escaped, column: inCapitals, capitals: true,
		ways: map[catalog]func(names) way{glue: glueBySnowflake, s3Tables: bucketBySnowflake, rest: restBySnowflake},
		notes: []string{
			"The linked database only reads. One that may write would take what is dropped there out of the lake, too.",
			"Views have names in capitals, which need no quotes; in the linked database names are in small letters.",
			"Grant USAGE on the databases and schemas, and SELECT on the views, to who is to read.",
		},
	}
}

// inCapitals is a column under the name that who writes no quotes asks for.
func inCapitals(e engine, c shape.Column) string {
	return plain(e, c) + " AS " + e.dialect.Quote(strings.ToUpper(c.Name))
}

// linked is the way by a catalog that speaks REST: what asks it, and who that says it is.
func (n names) linked(config, login []string, vended bool) way {
	lake, live := strings.ToUpper(n.tables), strings.ToUpper(n.live)
	database := "CREATE DATABASE IF NOT EXISTS " + n.path(lake) + "\nLINKED_CATALOG = (CATALOG = " + n.text(lake) +
		",\n  ALLOWED_NAMESPACES = (" + n.text(n.schema) + "),\n  ALLOWED_WRITE_OPERATIONS = NONE)"
	integration := "CREATE CATALOG INTEGRATION IF NOT EXISTS " + n.path(lake) +
		"\nCATALOG_SOURCE = ICEBERG_REST\nTABLE_FORMAT = ICEBERG\nCATALOG_NAMESPACE = " + n.text(n.schema) +
		"\nREST_CONFIG = (" + strings.Join(config, "\n  ") + ")" +
		"\nREST_AUTHENTICATION = (" + strings.Join(login, "\n  ") + ")\nENABLED = TRUE"
	w := way{tables: []string{lake, n.schema}, views: []string{live}}
	if !vended {
		volume := "CREATE EXTERNAL VOLUME IF NOT EXISTS " + n.path(lake) +
			"\nSTORAGE_LOCATIONS = ((NAME = 'lake'\n  STORAGE_PROVIDER = 'S3'\n  STORAGE_BASE_URL = " +
			n.text(or(n.location, aLocation)+"/") + "\n  STORAGE_AWS_ROLE_ARN = " + n.text(n.role()) +
			"))\nALLOW_WRITES = FALSE"
		w.statements = append(w.statements, volume)
		w.notes = append(w.notes, "DESC EXTERNAL VOLUME says whom the role has to trust, for the files.")
		database += "\nEXTERNAL_VOLUME = " + n.text(lake)
	}
	database += "\nCATALOG_CASE_SENSITIVITY = CASE_SENSITIVE" // so that quoted names are as the catalog has them
	w.statements = append(w.statements, integration, database, "CREATE SCHEMA IF NOT EXISTS "+n.path(live))
	return w
}

// signed is how Snowflake says who it is at a catalog of AWS.
func (n names) signed() []string {
	return []string{"TYPE = SIGV4", "SIGV4_IAM_ROLE = " + n.text(n.role()),
		"SIGV4_SIGNING_REGION = " + n.text(or(n.region, aRegion))}
}

// trusts is said where a role of AWS is taken.
const trusts = "DESC CATALOG INTEGRATION says whom the role has to trust, for the catalog."

func glueBySnowflake(n names) way {
	w := n.linked([]string{"CATALOG_URI = " + n.text(n.endpoint()), "CATALOG_API_TYPE = AWS_GLUE",
		"CATALOG_NAME = " + n.text(or(n.account, anAccount))}, n.signed(), false)
	w.replace = append(n.unknown(anAccount, aRegion, aLocation),
		word{aRole, "a role that Snowflake may take, with the rights glue:GetCatalog and " + n.rights()})
	w.notes = append(w.notes, trusts)
	return w
}

func bucketBySnowflake(n names) way {
	name := or(n.account, anAccount) + ":s3tablescatalog/" + or(n.bucket, aBucket)
	w := n.linked([]string{"CATALOG_URI = " + n.text(n.endpoint()), "CATALOG_API_TYPE = AWS_GLUE",
		"CATALOG_NAME = " + n.text(name), "ACCESS_DELEGATION_MODE = VENDED_CREDENTIALS"}, n.signed(), true)
	w.replace = append(n.unknown(anAccount, aRegion, aBucket),
		word{aRole, "a role that Snowflake may take, which Lake Formation lets DESCRIBE and SELECT there, and which " +
			"has the rights glue:GetCatalog, GetDatabase, GetDatabases, GetTable and GetTables and " +
			"lakeformation:GetDataAccess"})
	w.notes = append(w.notes, trusts)
	return w
}

func restBySnowflake(n names) way {
	config := []string{"CATALOG_URI = " + n.text(n.url)}
	if n.warehouse != "" {
		config = append(config, "CATALOG_NAME = "+n.text(n.warehouse))
	}
	if n.login == nobody { // Snowflake asks nobody without saying who it is
		n.login = token
	}
	login, secret := []string{"TYPE = BEARER", "BEARER_TOKEN = " + n.text(aToken)}, n.asks()
	if n.login == credential {
		const scope = "YOUR_SCOPE"
		login = []string{"TYPE = OAUTH", "OAUTH_CLIENT_ID = " + n.text(aClient),
			"OAUTH_CLIENT_SECRET = " + n.text(aSecret), "OAUTH_ALLOWED_SCOPES = (" + n.text(or(n.scope, scope)) + ")"}
		if n.oauth != "" {
			login = append(login, "OAUTH_TOKEN_URI = "+n.text(n.oauth))
		}
		if n.scope == "" {
			secret = append(secret, word{scope, "what such a client asks for, as PRINCIPAL_ROLE:ALL"})
		}
	}
	w := n.linked(config, login, false)
	w.replace = append(n.unknown(anAccount, aLocation), append(secret,
		word{aRole, "a role that Snowflake may take, with the rights s3:GetObject and ListBucket on " +
			or(n.location, aLocation)})...)
	return w
}
