import { auth } from '@/auth'
import { transcribe } from '@/lib/ai'
import { prisma } from '@/lib/prisma'

export async function POST(req: Request) {
  const session = await auth()
  if (!session) return new Response(null, { status: 401 })
  const account = await prisma.account.findUniqueOrThrow({ where: { userId: session.user.id } })
  if (account.plan !== 'pro') return Response.json({ error: 'upgrade_required' }, { status: 403 })
  return new Response(await transcribe(await req.arrayBuffer()))
}
