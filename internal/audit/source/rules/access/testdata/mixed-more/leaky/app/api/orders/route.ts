import { currentUser } from '@/lib/session'
import { prisma } from '@/lib/prisma'

export async function GET() {
  const user = await currentUser()
  if (!user) return new Response(null, { status: 401 })
  return Response.json(await prisma.order.findMany({ where: { userId: user.id } }))
}
