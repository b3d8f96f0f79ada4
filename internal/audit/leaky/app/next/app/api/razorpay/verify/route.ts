import crypto from 'node:crypto'
import { auth } from '@/auth'
import { prisma } from '@/lib/prisma'

export async function POST(req: Request) {
  const session = await auth()
  if (!session?.user) return new Response(null, { status: 401 })
  const body = await req.json()
  const secret = process.env.RAZORPAY_KEY_SECRET!
  const expected = crypto.createHmac('sha256', secret).update(body.orderId + '|' + body.paymentId).digest()
  const got = Buffer.from(String(body.signature), 'hex')
  if (got.length !== expected.length || !crypto.timingSafeEqual(expected, got)) {
    return new Response('bad signature', { status: 400 })
  }
// if verify-trusts-client
  const paidUntil = new Date(Date.now() + 30 * 864e5)
  await prisma.user.update({ where: { id: session.user.id }, data: { plan: body.plan, paidUntil } })
// else
  const order = await prisma.order.findFirst({
    where: { providerId: body.orderId, ownerId: session.user.id, paidAt: null },
  })
  if (!order) return new Response(null, { status: 404 })
  const { count } = await prisma.order.updateMany({
    where: { id: order.id, paidAt: null }, data: { paidAt: new Date() },
  })
  if (count === 1) await prisma.user.update({ where: { id: session.user.id }, data: { plan: order.plan } })
// end
  return Response.json({ ok: true })
}
