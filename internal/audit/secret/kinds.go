package secret

import (
	"regexp"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
)

// A Class groups kinds by what is lost with them.
type Class string

// The classes.
const (
	Payment  Class = "payment"  // moves money, or reads who has paid what
	Database Class = "database" // reads and writes everybody's rows
	Webhook  Class = "webhook"  // forges events, such as a payment that never came
	Signing  Class = "signing"  // forges sessions, tokens or signatures
	Cloud    Class = "cloud"    // opens servers, files or source code
	Service  Class = "service"  // spends money or sends mail in the owner's name
	Session  Class = "session"  // is one person, signed in
)

// A Kind of secret, and what its holder can do with it.
type Kind struct {
	ID       string
	Name     string // "Stripe secret key (live)"
	Can      string // "charge, refund and read every customer"
	Class    Class
	Severity finding.Severity
}

// A pattern finds a kind by letters that every key of it has.
type pattern struct {
	anchor string             // found first, because that is fast
	back   int                // how many characters of the key stand before the anchor, at most
	shape  *lazyregexp.Regexp // of the whole key
	kind   Kind
	alone  bool // only where it is a value by itself, because its letters are common
}

func shape(s string) *lazyregexp.Regexp { return lazyregexp.New(`^(?:` + s + `)`) }

func prefix(anchor, rest string, k Kind) pattern {
	return pattern{anchor: anchor, shape: shape(regexp.QuoteMeta(anchor) + rest), kind: k}
}

const (
	readsPayments = "read every customer and payment, refund, and charge saved cards"
	readsTestMode = "use the test account; the live key will stand in the same place"
	sendsMail     = "send mail as you, and read whom you write to"
	spendsTokens  = "spend your money on models, and read what is stored there"
)

// patterns are the keys that are known by their letters. Order matters where
// one prefix is the beginning of another: the longer one comes first.
var patterns = []pattern{
	prefix("sk_live_", `[A-Za-z0-9]{16,250}`, Kind{
		"stripe-secret-live", "Stripe or Clerk secret key (live)",
		readsPayments, Payment, finding.Critical,
	}),
	prefix("sk_test_", `[A-Za-z0-9]{16,250}`, Kind{
		"stripe-secret-test", "Stripe or Clerk secret key (test)",
		readsTestMode, Payment, finding.Medium,
	}),
	prefix("rk_live_", `[A-Za-z0-9]{16,250}`, Kind{
		"stripe-restricted-live", "Stripe restricted key (live)",
		"do at Stripe what the key was restricted to", Payment, finding.Critical,
	}),
	prefix("rk_test_", `[A-Za-z0-9]{16,250}`, Kind{
		"stripe-restricted-test", "Stripe restricted key (test)",
		readsTestMode, Payment, finding.Medium,
	}),
	prefix("whsec_", `[A-Za-z0-9+/]{20,120}={0,2}`, Kind{
		"webhook-secret", "webhook signing secret",
		"sign events, so that your server believes in payments that never came", Webhook, finding.Critical,
	}),
	prefix("sb_secret_", `[A-Za-z0-9_-]{16,120}`, Kind{
		"supabase-secret", "Supabase secret key",
		"read and write every row; row-level security does not apply", Database, finding.Critical,
	}),
	prefix("sbp_", `[0-9a-f]{40}`, Kind{
		"supabase-access-token", "Supabase access token",
		"manage every project of the account", Cloud, finding.Critical,
	}),
	prefix("cfsk_ma_prod_", `[A-Za-z0-9_]{20,120}`, Kind{
		"cashfree-secret", "Cashfree secret key (live)", readsPayments,
		Payment, finding.Critical,
	}),
	prefix("pdl_live_apikey_", `[A-Za-z0-9_]{20,120}`, Kind{
		"paddle-key", "Paddle API key (live)", readsPayments,
		Payment, finding.Critical,
	}),
	prefix("sq0csp-", `[A-Za-z0-9_-]{40,60}`, Kind{
		"square-secret", "Square application secret", readsPayments, Payment,
		finding.Critical,
	}),
	prefix("access_token$production$", `[a-z0-9]{16}\$[0-9a-f]{32}`, Kind{
		"braintree-token", "Braintree access token",
		readsPayments, Payment, finding.Critical,
	}),
	prefix("shpat_", `[0-9a-fA-F]{32}`, Kind{
		"shopify-admin", "Shopify admin token",
		"read and change the shop's orders and customers", Payment, finding.Critical,
	}),

	prefix("github_pat_", `[A-Za-z0-9_]{60,255}`, Kind{
		"github-token", "GitHub token",
		"read or change your repositories", Cloud, finding.Critical,
	}),
	prefix("ghp_", `[A-Za-z0-9]{36,255}`, Kind{
		"github-token", "GitHub token", "read or change your repositories",
		Cloud, finding.Critical,
	}),
	prefix("gho_", `[A-Za-z0-9]{36,255}`, Kind{
		"github-token", "GitHub token", "read or change your repositories",
		Cloud, finding.Critical,
	}),
	prefix("ghu_", `[A-Za-z0-9]{36,255}`, Kind{
		"github-token", "GitHub token", "read or change your repositories",
		Cloud, finding.Critical,
	}),
	prefix("ghs_", `[A-Za-z0-9]{36,255}`, Kind{
		"github-token", "GitHub token", "read or change your repositories",
		Cloud, finding.Critical,
	}),
	prefix("ghr_", `[A-Za-z0-9]{36,255}`, Kind{
		"github-token", "GitHub token", "read or change your repositories",
		Cloud, finding.Critical,
	}),
	prefix("glpat-", `[A-Za-z0-9_-]{20,60}`, Kind{
		"gitlab-token", "GitLab token", "read or change your repositories",
		Cloud, finding.Critical,
	}),
	prefix("npm_", `[A-Za-z0-9]{36}`, Kind{
		"npm-token", "npm token", "publish packages as you", Cloud,
		finding.Critical,
	}),
	prefix("dop_v1_", `[0-9a-f]{64}`, Kind{
		"digitalocean-token", "DigitalOcean token", "manage your servers", Cloud,
		finding.Critical,
	}),
	prefix("pscale_tkn_", `[A-Za-z0-9_.=-]{30,80}`, Kind{
		"planetscale-token", "PlanetScale token",
		"manage your databases", Database, finding.Critical,
	}),
	prefix("pscale_pw_", `[A-Za-z0-9_.=-]{30,80}`, Kind{
		"planetscale-password", "PlanetScale password",
		"read and write every row", Database, finding.Critical,
	}),
	prefix("napi_", `[a-z0-9]{40,80}`, Kind{
		"neon-key", "Neon API key", "manage your databases", Database,
		finding.Critical,
	}),
	prefix("sntrys_", `[A-Za-z0-9+/=_-]{40,}`, Kind{
		"sentry-token", "Sentry auth token",
		"read your errors, with what users typed", Cloud, finding.High,
	}),
	prefix("GOCSPX-", `[A-Za-z0-9_-]{28}`, Kind{
		"google-oauth-secret", "Google OAuth client secret",
		"act as your application when people sign in with Google", Signing, finding.High,
	}),
	prefix("ya29.", `[A-Za-z0-9_-]{40,}`, Kind{
		"google-access-token", "Google access token",
		"act as the account it was made for", Cloud, finding.High,
	}),
	{
		anchor: "Q~", back: 4, shape: shape(`[A-Za-z0-9_.~-]{3}[0-9]Q~[A-Za-z0-9_.~-]{31,34}`),
		kind: Kind{
			"azure-client-secret", "Azure client secret", "act as your application in Azure", Cloud,
			finding.Critical,
		},
	},
	prefix("AccountKey=", `[A-Za-z0-9+/]{86}==`, Kind{
		"azure-storage-key", "Azure storage key",
		"read and delete every file of the storage account", Cloud, finding.Critical,
	}),
	prefix("SharedAccessKey=", `[A-Za-z0-9+/]{42,44}=`, Kind{
		"azure-shared-key", "Azure shared access key",
		"read and send the messages of the bus", Cloud, finding.Critical,
	}),
	{
		anchor: "JQQJ99", back: 52, shape: shape(`[A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{26}`),
		kind: Kind{"azure-api-key", "Azure API key", "spend your money on Azure", Cloud, finding.High},
	},

	prefix("sk-ant-", `[A-Za-z0-9]{3,12}-[A-Za-z0-9_-]{40,200}`, Kind{
		"anthropic-key", "Anthropic API key",
		spendsTokens, Service, finding.High,
	}),
	prefix("sk-or-v1-", `[0-9a-f]{64}`, Kind{
		"openrouter-key", "OpenRouter API key", spendsTokens, Service,
		finding.High,
	}),
	prefix("sk-proj-", `[A-Za-z0-9_-]{40,250}`, Kind{
		"openai-key", "OpenAI API key", spendsTokens, Service,
		finding.High,
	}),
	prefix("sk-svcacct-", `[A-Za-z0-9_-]{40,250}`, Kind{
		"openai-key", "OpenAI API key", spendsTokens, Service,
		finding.High,
	}),
	prefix("sk-admin-", `[A-Za-z0-9_-]{40,250}`, Kind{
		"openai-admin-key", "OpenAI admin key",
		"manage your organisation at OpenAI", Service, finding.Critical,
	}),
	prefix("sk-", `(?:[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}|[A-Za-z0-9]{48})`, Kind{
		"openai-key", "OpenAI API key",
		spendsTokens, Service, finding.High,
	}),
	prefix("gsk_", `[A-Za-z0-9]{52}`, Kind{"groq-key", "Groq API key", spendsTokens, Service, finding.High}),
	prefix("hf_", `[A-Za-z]{34}`, Kind{"huggingface-token", "Hugging Face token", spendsTokens, Service, finding.High}),
	prefix("r8_", `[A-Za-z0-9]{37}`, Kind{"replicate-token", "Replicate token", spendsTokens, Service, finding.High}),
	prefix("pplx-", `[A-Za-z0-9]{48}`, Kind{
		"perplexity-key", "Perplexity API key", spendsTokens, Service,
		finding.High,
	}),
	prefix("xai-", `[A-Za-z0-9]{70,90}`, Kind{"xai-key", "xAI API key", spendsTokens, Service, finding.High}),
	prefix("re_", `[A-Za-z0-9]{8}_[A-Za-z0-9]{24}`, Kind{
		"resend-key", "Resend API key", sendsMail, Service,
		finding.High,
	}),
	prefix("SG.", `[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}`, Kind{
		"sendgrid-key", "SendGrid API key", sendsMail, Service,
		finding.High,
	}),
	prefix("xkeysib-", `[0-9a-f]{64}-[A-Za-z0-9]{16}`, Kind{
		"brevo-key", "Brevo API key", sendsMail, Service,
		finding.High,
	}),
	{
		anchor: "key-", shape: shape(`key-[0-9a-f]{32}`), alone: true,
		kind: Kind{"mailgun-key", "Mailgun API key", sendsMail, Service, finding.High},
	},
	{
		anchor: "-us", back: 32, shape: shape(`[0-9a-f]{32}-us[0-9]{1,2}`),
		kind: Kind{"mailchimp-key", "Mailchimp API key", sendsMail, Service, finding.High},
	},
	prefix("xoxb-", `[0-9A-Za-z-]{40,120}`, Kind{
		"slack-token", "Slack token", "read and write in your Slack", Service,
		finding.High,
	}),
	prefix("xoxp-", `[0-9A-Za-z-]{40,120}`, Kind{
		"slack-token", "Slack token", "read and write in your Slack", Service,
		finding.High,
	}),
	prefix("hooks.slack.com/services/", `T[A-Z0-9]{8,12}/B[A-Z0-9]{8,12}/[A-Za-z0-9]{20,30}`,
		Kind{"slack-webhook", "Slack webhook address", "write in your Slack channel", Service, finding.Medium}),
	prefix("discord.com/api/webhooks/", `[0-9]{17,20}/[A-Za-z0-9_-]{60,80}`,
		Kind{"discord-webhook", "Discord webhook address", "write in your Discord channel", Service, finding.Medium}),
	{
		anchor: ":AA", back: 10, shape: shape(`[0-9]{8,10}:AA[A-Za-z0-9_-]{33}`),
		kind: Kind{"telegram-token", "Telegram bot token", "read and write as your bot", Service, finding.High},
	},
	prefix("phx_", `[A-Za-z0-9]{40,60}`, Kind{
		"posthog-personal", "PostHog personal API key", "read what your users do",
		Service, finding.High,
	}),
	prefix("sk.eyJ", `[A-Za-z0-9_-]{20,300}\.[A-Za-z0-9_-]{20,40}`, Kind{
		"mapbox-secret", "Mapbox secret token",
		"manage the Mapbox account", Service, finding.High,
	}),
	prefix("lin_api_", `[A-Za-z0-9]{40}`, Kind{
		"linear-key", "Linear API key", "read your issues", Service,
		finding.High,
	}),
	prefix("cloudinary://", `[0-9]{12,16}:[A-Za-z0-9_-]{20,40}@[a-z0-9_-]{2,60}`,
		Kind{
			"cloudinary-url", "Cloudinary address with its secret", "read and delete your files", Cloud,
			finding.High,
		}),
}

// publishable are keys that are made for browsers. They are counted, so that a
// reader sees that they were judged and not overlooked.
var publishable = []pattern{
	prefix("pk_live_", `[A-Za-z0-9]{16,250}`, Kind{}),
	prefix("pk_test_", `[A-Za-z0-9]{16,250}`, Kind{}),
	prefix("sb_publishable_", `[A-Za-z0-9_-]{16,120}`, Kind{}),
	prefix("rzp_live_", `[A-Za-z0-9]{14}`, Kind{}),
	prefix("rzp_test_", `[A-Za-z0-9]{14}`, Kind{}),
	prefix("AIza", `[A-Za-z0-9_-]{35}`, Kind{}),
	prefix("pk.eyJ", `[A-Za-z0-9_-]{20,300}\.[A-Za-z0-9_-]{20,40}`, Kind{}),
	prefix("phc_", `[A-Za-z0-9]{40,60}`, Kind{}),
}

// The kinds that are judged by more than their letters.
var (
	serviceRole = Kind{
		"service-role", "service_role key (JWT)",
		"read and write every row; row-level security does not apply", Database, finding.Critical,
	}
	adminToken = Kind{
		"admin-token", "token of an administrator (JWT)", "do what the role in it may do", Database,
		finding.Critical,
	}
	sessionJWT = Kind{
		"session-token", "a person's session token (JWT)", "be that person until it ends", Session,
		finding.High,
	}
	databaseURL = Kind{
		"database-url", "database address with its password", "read and write every row", Database,
		finding.Critical,
	}
	privateKey  = Kind{"private-key", "private key", "sign or decrypt as its owner", Signing, finding.Critical}
	googleCloud = Kind{
		"google-service-account", "Google service account key",
		"act as the service account in Google Cloud", Cloud, finding.Critical,
	}
	awsPair = Kind{
		"aws-secret", "AWS secret access key", "do in your AWS account what its user may do", Cloud,
		finding.Critical,
	}
	awsID = Kind{
		"aws-key-id", "AWS access key id", "do nothing by itself, but its secret is usually near", Cloud,
		finding.Low,
	}
	geminiKey = Kind{"gemini-key", "Google API key used for Gemini", spendsTokens, Service, finding.High}
	razorpay  = Kind{"razorpay-secret", "Razorpay key secret", readsPayments, Payment, finding.Critical}
	named     = map[Class]Kind{
		Webhook: {
			"webhook-secret-named", "webhook secret",
			"sign events, so that your server believes in payments that never came", Webhook, finding.Critical,
		},
		Signing: {
			"signing-secret", "signing secret of sessions or tokens", "make sessions for anybody", Signing,
			finding.Critical,
		},
		Database: {
			"database-password", "database password",
			"read and write every row, where the server can be reached", Database, finding.Critical,
		},
		Service: {
			"client-secret", "client or API secret", "act as your application at the service", Service,
			finding.High,
		},
		Session: {"password", "password in the code", "sign in where it is used", Service, finding.Medium},
	}
)
