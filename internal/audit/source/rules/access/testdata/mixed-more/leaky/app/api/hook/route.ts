import { prisma } from '@/lib/prisma'

export async function POST(req: Request) {
  const event = await req.json()
  if (event.type === 'checkout.session.completed') {
    await prisma.user.update({ where: { id: event.data.object.client_reference_id }, data: { plan: 'pro' } })
  }
  return Response.json({ ok: true })
}
