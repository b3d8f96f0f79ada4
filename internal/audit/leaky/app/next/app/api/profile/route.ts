import { auth } from '@/auth'
import { prisma } from '@/lib/prisma'

export async function PATCH(req: Request) {
  const session = await auth()
  if (!session?.user) return new Response(null, { status: 401 })
  const body = await req.json()
// if mass-assignment
  await prisma.user.update({ where: { id: session.user.id }, data: body })
// else
  await prisma.user.update({ where: { id: session.user.id }, data: { name: String(body.name) } })
// end
  return Response.json({ ok: true })
}
