package shop

import (
	"fmt"
	"slices"
	"strings"
)

// conclude is the one sentence over a finished attack.
func conclude(result Result) string {
	operator := ""
	if len(result.Reasons) > 0 {
		operator = " The operator reads: " + strings.Join(result.Reasons, ", ") + "."
	}
	switch result.Verdict {
	case LetIn:
		return "Verified, with her own conversations and nobody else’s."
	case KeptOut:
		return "The honest customer was kept out: as long as that is so, the refusals below prove nothing." + operator
	case Harmless:
		return "Answered, and nothing of Ada’s was in any answer." + operator
	case Refused:
		return refusals(result) + operator
	case NotVerified:
		return "A session, but not a verified one: it sees nothing of Ada’s. Under “enforce” it would have been turned away." + operator
	case Inconclusive:
		return "This run decides nothing. " + findingOf(result, Inconclusive)
	case GotThrough:
		return findingOf(result, GotThrough)
	}
	return result.Finding
}

// refusals says with which answers the attempts were turned away.
func refusals(result Result) string {
	var answers []string
	count := 0
	for _, step := range result.Steps {
		if step.Verdict != Refused {
			continue
		}
		if step.Answer.Status < 400 {
			return step.Finding // refused by what was answered, not by its status
		}
		count++
		if answer := strings.TrimSpace(fmt.Sprintf("%d %s", step.Answer.Status, step.Answer.Code)); !slices.Contains(answers, answer) {
			answers = append(answers, answer)
		}
	}
	if count == 2 && len(answers) == 1 {
		return fmt.Sprintf("Both attempts got the same answer, %s.", answers[0])
	}
	if count > 2 && len(answers) == 1 {
		return fmt.Sprintf("All %d attempts got the same answer, %s.", count, answers[0])
	}
	return "Answered " + strings.Join(answers, " and ") + "."
}

func findingOf(result Result, verdict Verdict) string {
	for _, step := range result.Steps {
		if step.Verdict == verdict {
			return step.Finding
		}
	}
	return result.Finding
}

// Words for the verdicts, as the page writes them.
func (v Verdict) Words() string {
	switch v {
	case Skipped:
		return "Left out"
	case LetIn:
		return "Let in, as it should be"
	case Harmless:
		return "Opened nothing"
	case Refused:
		return "Refused"
	case NotVerified:
		return "Not verified"
	case Inconclusive:
		return "Undecided"
	case KeptOut:
		return "Honest customer kept out"
	case GotThrough:
		return "ATTACK GOT THROUGH"
	}
	return string(v)
}

// Mark is the shape beside the words, so that colour is never alone.
func (v Verdict) Mark() string {
	switch v {
	case LetIn, Harmless, Refused:
		return "tick"
	case NotVerified:
		return "ring"
	case KeptOut, GotThrough:
		return "alarm"
	}
	return "dash"
}
