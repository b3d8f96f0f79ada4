package scratch

import "syscall"

// dieWithUs ends the server when we are killed.
func dieWithUs(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGQUIT }
