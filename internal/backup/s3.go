package backup

func openBucket(where string, _ func(string) string) (Target, error) {
	return nil, &Refusal{Problem: where + " is a bucket, which this program cannot write to yet", Hint: "name a folder"}
}
