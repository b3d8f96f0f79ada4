import { prisma } from '@/lib/prisma'
import { auth } from '@/auth'

export async function POST() {
  const session = await auth()
  if (!session?.user) return new Response(null, { status: 401 })
  await prisma.account.update({ where: { userId: session.user.id }, data: { credits: { increment: 10 } } })
  return Response.json({ ok: true })
}
