import { auth } from '@/auth'
import { prisma } from '@/lib/prisma'

export async function POST() {
  const session = await auth()
  if (!session?.user) return new Response(null, { status: 401 })
// if credit-read-then-write
  const user = await prisma.user.findUniqueOrThrow({ where: { id: session.user.id } })
  if (user.credits < 1) return new Response(null, { status: 402 })
  await prisma.user.update({ where: { id: user.id }, data: { credits: user.credits - 1 } })
// else
  const { count } = await prisma.user.updateMany({
    where: { id: session.user.id, credits: { gte: 1 } }, data: { credits: { decrement: 1 } },
  })
  if (count === 0) return new Response(null, { status: 402 })
// end
  return Response.json({ ok: true })
}
