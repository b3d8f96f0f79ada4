package problem

func title(v View) string {
	switch v.Status {
	case 400, 422:
		return v.T("Check what you entered")
	case 401:
		return v.T("Please sign in")
	case 403:
		return v.T("Not for your role")
	case 404:
		return v.T("Page not found")
	case 405:
		return v.T("That is not possible here")
	case 409:
		return v.T("Changed in the meantime")
	case 413:
		return v.T("Too large")
	case 429:
		return v.T("A little slower, please")
	case 502, 503, 504:
		return v.T("Not reachable right now")
	}
	return v.T("Something went wrong")
}

func detail(v View) string {
	switch v.Detail { // what the title says already is said in other words
	case "", v.T("Page not found."), v.T("Your role does not allow this."):
	default:
		return v.Detail
	}
	switch v.Status {
	case 401:
		return v.T("Sign in to continue.")
	case 403:
		return v.T("Your role does not allow this. Ask the owner.")
	case 404:
		return v.T("This page does not exist, or it is not yours to see.")
	case 409:
		return v.T("Somebody changed this before you. Open it again to see the newest.")
	case 429:
		return v.T("There were too many tries. Wait a few minutes, then try again.")
	case 502, 503, 504:
		return v.T("Try again in a moment. Nothing of yours is lost.")
	case 400, 405, 413, 422:
		return v.T("Go back and try it another way.")
	}
	return v.T("It is our fault, not yours. What was saved before is safe.")
}
