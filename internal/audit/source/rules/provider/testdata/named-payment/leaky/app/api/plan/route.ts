import { prisma } from '@/lib/prisma'
import { auth } from '@/auth'

export async function POST(req: Request) {
  const session = await auth()
  if (!session?.user) return new Response(null, { status: 401 })
  const { plan } = await req.json()
  if (plan !== 'PRO') return new Response(null, { status: 403 })
  await prisma.user.update({ where: { id: session.user.id }, data: { plan } })
  return Response.json({ ok: true })
}
