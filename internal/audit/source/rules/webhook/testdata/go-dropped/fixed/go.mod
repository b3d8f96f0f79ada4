module example.com/hooks

go 1.22

require (
	github.com/gin-gonic/gin v1.10.0
	github.com/stripe/stripe-go/v81 v81.0.0
)
