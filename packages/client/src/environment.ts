/** environment reads a setting of the process, where the runtime has one. */
export function environment(name: string): string | undefined {
	const process = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process;
	return process?.env?.[name] || undefined;
}
