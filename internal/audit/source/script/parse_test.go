package script

import (
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/audit/source/ir"
)

// TestSyntax parses what other parsers in Go do not take, or throw away.
func TestSyntax(t *testing.T) {
	t.Parallel()
	for _, src := range []string{
		"const f = async <T,>(x: T): Promise<T> => { for await (const y of g(x)) yield_(y); return x }",
		"class A<T> extends B<T> implements C { #p = 1; static #q; private readonly db: Pool; constructor(private a: A, @Inject() b?: B) { super() } get x() { return this.#p } static { init() } }",
		"@Controller('x') export class K { @Get(':id') async one(@Param('id') id: string, @Body() b: { a: number }) { return this.s.get(id)! } }",
		"type M = { readonly [K in keyof T as `get${K}`]?: T[K] extends infer U ? U : never } & (new () => X) | A['b'][]",
		"export type { A } from './a'; import type B, { type C } from 'b'; export * as d from 'd'; import e = require('e')",
		"const el = <a href=\"x\" {...p} on={() => { f<T>(1) }}>{list.map((x) => <li key={x.id}>it's {x}</li>)}<></></a>",
		"a ?? b?.c?.[d]?.(e) satisfies F as const; x = y as unknown as Z<W<V>>; if (a < b && c > d) {}",
		"label: for (let i = 0, n = x.length; i < n; i++) { if ('a' in o) continue label }",
		"const r = /[/\\]]+/gi.test(s) ? a / b / c : `x${`y${z}`}`",
		"function f(this: Window, { a, b: { c = 1, ...d } = {} }: P, [e, , ...g]: Q = []): asserts a is B {}",
		"declare module 'x' { interface Y { (a: number): string; new (b): Y; [k: string]: any } } enum E { A = 1 << 2, B }",
		"export default async function* gen() { yield* other(); await using h = open() }",
		"const o = { async *g() {}, get a() { return 1 }, set a(v) {}, [k]: 1, 'q-r': 2, async, get, ...rest }",
		"abstract class Z { abstract m(): void; declare y: string; override n = <const T>(x: T) => x }",
	} {
		f := Parse("x.tsx", src)
		for _, p := range f.Problems {
			t.Errorf("%s\n  at %d: %s", src, p.Pos, p.Text)
		}
	}
}

func TestPlacesAndTypes(t *testing.T) {
	t.Parallel()
	f := Parse("a.ts", "import type Stripe from 'stripe'\n\n// tijori:allow x y\nexport async function paid(trx: Transaction<DB>, invoice: Stripe.Invoice) {\n  await trx.run()\n}\n")
	if len(f.Funcs) != 1 || len(f.Funcs[0].Params) != 2 {
		t.Fatalf("functions %+v", f.Funcs)
	}
	fn := f.Funcs[0]
	if got := fn.Params[1].Type.Name; got != "Stripe.Invoice" {
		t.Errorf("type %q, want Stripe.Invoice", got)
	}
	if line, col := f.Line(fn.Body[0].Pos); line != 5 || col != 3 {
		t.Errorf("the body stands at %d:%d, want 5:3", line, col)
	}
	if len(f.Comments) != 1 || !strings.Contains(f.Comments[0].Text, "tijori:allow") {
		t.Errorf("comments %+v", f.Comments)
	}
	if len(f.Imports) != 1 || !f.Imports[0].Type || f.Imports[0].Name != "default" {
		t.Errorf("imports %+v", f.Imports)
	}
}

// TestGoesOnAfterErrors checks that one bad statement costs only itself.
func TestGoesOnAfterErrors(t *testing.T) {
	t.Parallel()
	f := Parse("a.js", "const a = 1\nconst b = = 2\nfunction c() { return a }\n")
	if len(f.Problems) != 1 {
		t.Errorf("problems %+v, want one", f.Problems)
	}
	last := f.Stmts[len(f.Stmts)-1]
	if last.Kind != ir.SFunc || last.Func.Name != "c" {
		t.Errorf("the last statement is %+v, want function c", last)
	}
}
