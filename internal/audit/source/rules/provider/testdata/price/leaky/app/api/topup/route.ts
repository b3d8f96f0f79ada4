import { auth } from '@/auth'
import { prisma } from '@/lib/prisma'

export async function POST(req: Request) {
  const session = await auth()
  if (!session?.user?.id) return new Response(null, { status: 401 })
  const body = await req.json()
  await prisma.user.update({
    where: { id: session.user.id },
    data: { credits: { increment: body.credits } },
  })
  return Response.json({ ok: true })
}
