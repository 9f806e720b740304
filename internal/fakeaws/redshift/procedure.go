package redshift

func createProcedure(statement) (*command, error) { return nil, cannot("CREATE PROCEDURE") }
func call(statement) (*command, error)            { return nil, cannot("CALL") }
