import { auth } from '@/auth'
import { prisma } from '@/lib/prisma'
import { transcribe } from '@/lib/ai'

export async function POST(req: Request) {
  const session = await auth()
  if (!session?.user) return new Response(null, { status: 401 })
// if tier-check-only-in-client
// else
  const account = await prisma.user.findUniqueOrThrow({ where: { id: session.user.id } })
  if (account.plan !== 'pro') return Response.json({ error: 'upgrade_required' }, { status: 403 })
// end
  return new Response(await transcribe(await req.arrayBuffer()))
}
