package frame

import "testing"

// Work ends in time for the answer to leave, whichever limit of the server counts.
func TestLimitsLeaveTimeForTheAnswer(t *testing.T) {
	t.Parallel()
	if requestLimit+answerTime >= WriteTimeout {
		t.Errorf("%v of work and %v of answering do not end before %v", requestLimit, answerTime, WriteTimeout)
	}
	if requestLimit > ReadTimeout {
		t.Errorf("a request works for %v, and the server stops reading at %v", requestLimit, ReadTimeout)
	}
}
