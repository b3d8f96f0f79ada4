import { auth } from '@/auth'
import { prisma } from '@/lib/prisma'

export async function POST(req: Request) {
  const session = await auth()
  if (!session?.user) return new Response(null, { status: 401 })
// if identity-from-request
  const { userId, text } = await req.json()
  await prisma.note.create({ data: { userId, text } })
// else
  const { text } = await req.json()
  await prisma.note.create({ data: { userId: session.user.id, text } })
// end
  return Response.json({ ok: true })
}
