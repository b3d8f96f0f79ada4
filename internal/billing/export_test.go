package billing

// Unclear is what the worker asks before it asks for invoices.
var Unclear = unclear
