import { prisma } from '@/lib/prisma'
import { auth } from '@/auth'

export async function POST() {
  const session = await auth()
  if (!session?.user) return new Response(null, { status: 401 })
  const today = new Date().toISOString().slice(0, 10)
  const account = await prisma.account.findUnique({ where: { userId: session.user.id } })
  if (!account || account.claimedOn === today) return new Response(null, { status: 409 })
  const { count } = await prisma.account.updateMany({
    where: { userId: session.user.id, claimedOn: account.claimedOn },
    data: { credits: { increment: 10 }, claimedOn: today },
  })
  if (count === 0) return new Response(null, { status: 409 })
  return Response.json({ ok: true })
}
