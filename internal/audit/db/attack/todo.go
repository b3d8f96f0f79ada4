package attack

import "context"

func (a *Attacker) functions(context.Context) {}

func (a *Attacker) escalations(context.Context) {}
