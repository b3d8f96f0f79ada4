import { auth } from '@/auth'
import { prisma } from '@/lib/prisma'

export async function POST(req: Request) {
  const session = await auth()
  if (!session?.user) return new Response(null, { status: 401 })
  const { token } = await req.json()
  const invite = await prisma.invite.findUnique({ where: { token } })
  if (!invite || invite.expires < new Date() || invite.email !== session.user.email) return new Response(null, { status: 404 })
  await prisma.member.create({ data: { userId: session.user.id, workspaceId: invite.workspaceId } })
  await prisma.invite.delete({ where: { id: invite.id } })
  return Response.json({ ok: true })
}
