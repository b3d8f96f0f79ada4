package leaky

import "strings"

// Config is the audit.toml of a shop at an address.
func Config(url string) string { return strings.ReplaceAll(config, "URL", url) }

// Browser is the part of the configuration that needs a real browser.
const Browser = `
[[browser]]
name = "sign-in"
as = "asha"
visit = ["/me", "/receipts"]
`

const config = `# The leaky shop: two customers, a clerk, and somebody who pays.
[target]
url = "URL"
rate = 2000
max_requests = 20000

[person.asha]
account = "asha"
role = "owner"
sign_in = { by = "form", path = "/login", form = { email = "asha@shop.example", password = "asha-password" } }
check = { path = "/api/me", contains = "asha@shop.example", save = { account_id = "json:account_id" } }
sign_out = { method = "POST", path = "/logout" }

[person.clerk]
account = "asha"
role = "clerk"
sign_in = { by = "form", path = "/login", form = { email = "clerk@shop.example", password = "clerk-password" } }
check = { path = "/api/me", contains = "clerk@shop.example" }

[person.bina]
account = "bina"
role = "owner"
sign_in = { by = "form", path = "/login", form = { email = "bina@shop.example", password = "bina-password" } }
check = { path = "/api/me", contains = "bina@shop.example", save = { account_id = "json:account_id" } }

[person.cara]
account = "cara"
role = "owner"
paid = true
sign_in = { by = "form", path = "/login", form = { email = "cara@shop.example", password = "cara-password" } }
check = { path = "/api/me", contains = "cara@shop.example", save = { account_id = "json:account_id" } }

[[seed]]
name = "invoice"
as = ["asha", "bina", "cara"]
method = "POST"
path = "/invoices"
form = { customer = "{canary}", note = "first" }
save = { invoice = "location:/invoices/(.+)" }

[[seed]]
name = "bank"
as = ["asha"]
method = "POST"
path = "/bank"
form = { payee = "{canary}" }

[[route]]
path = "/"
public = true

[[route]]
path = "/me"
may = ["asha", "clerk"]

[[route]]
path = "/receipts"
may = ["asha", "clerk"]

[[route]]
path = "/api/me"
public = true

[[route]]
path = "/invoices/{invoice}"
may = ["asha", "clerk"]

[[route]]
path = "/api/invoice?id={invoice}"
may = ["asha", "clerk"]

[[route]]
method = "POST"
path = "/api/search"
json = '{"invoice": "{invoice}"}'
writes = false
may = ["asha", "clerk"]

[[route]]
method = "POST"
path = "/api/print"
form = { invoice = "{invoice}" }
writes = false
may = ["asha", "clerk"]

[[route]]
path = "/api/invoices"
may = ["asha", "clerk"]

[[route]]
method = "POST"
path = "/api/invoices/{invoice}/send"
json = '{"copy_of": "{invoice}"}'
writes = false
may = ["asha", "clerk"]

[[route]]
method = "POST"
path = "/invoices/{invoice}/edit"
form = { account = "{account_id}", note = "{mark}" }
page = "/me"
state = "/invoices/{invoice}"
may = ["asha", "clerk"]

[[route]]
method = "POST"
path = "/invoices/{invoice}/delete"
state = "/me"
allow = true
may = ["asha", "clerk"]

[[route]]
path = "/bank"
may = ["asha"]

[[route]]
method = "POST"
path = "/bank"
form = { payee = "{mark}" }
state = "/bank"
may = ["asha"]

[[route]]
path = "/export.csv"
may = ["cara"]
paid = true

[[route]]
method = "POST"
path = "/api/batch"
json = '{"customer": "{mark}"}'
state = "/me"
may = ["cara"]
paid = true

[[redirect]]
path = "/?next={redirect}"

[[redirect]]
method = "POST"
path = "/login"
form = { email = "bina@shop.example", password = "bina-password", next = "{redirect}" }

[[race]]
name = "the quota of parties"
as = "bina"
method = "POST"
path = "/api/parties"
setup = { method = "POST", path = "/api/parties/clear" }
parallel = 16
rounds = 5
limit = 5
count = { path = "/api/parties", from = "count:items" }

[[race]]
name = "credits"
as = "bina"
method = "POST"
path = "/api/consume"
parallel = 16
rounds = 5
cost = 10
balance = { path = "/api/billing", from = "json:credits" }

[[webhook]]
provider = "stripe"
path = "/webhooks/stripe"
secret = "whsec_leaky_shop_stripe"
ended_secret = "whsec_leaky_shop_rotated_away"
as = "asha"
ids = { reference = "acct-asha", price = "price_pro_monthly" }
state = { path = "/api/billing", from = "json:plan" }
paid = "pro"
settle = 0.3
credits = { path = "/api/billing", from = "json:credits" }

[[webhook]]
provider = "razorpay"
path = "/webhooks/razorpay"
secret = "leaky-shop-razorpay"
as = "asha"
ids = { reference = "acct-asha", price = "plan_ProMonthly001", account = "acc_LeakyShop00001" }
state = { path = "/api/billing", from = "json:plan" }
paid = "pro"
settle = 0.3
credits = { path = "/api/billing", from = "json:credits" }
`
