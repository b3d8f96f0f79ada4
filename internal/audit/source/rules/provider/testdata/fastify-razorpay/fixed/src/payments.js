import crypto from 'node:crypto'
import { prisma } from './prisma.js'

export default async function payments(fastify) {
  fastify.post('/payments/verify', { preHandler: [fastify.authenticate] }, async (request, reply) => {
    const { orderId, paymentId, signature } = request.body
    const expected = crypto.createHmac('sha256', process.env.RAZORPAY_KEY_SECRET).update(orderId + '|' + paymentId).digest('hex')
    if (!crypto.timingSafeEqual(Buffer.from(expected), Buffer.from(signature))) {
      return reply.code(400).send({ error: 'bad signature' })
    }
    const order = await prisma.order.findFirst({ where: { providerId: orderId, accountId: request.user.accountId, paidAt: null } })
    if (!order) return reply.code(404).send()
    const { count } = await prisma.order.updateMany({ where: { id: order.id, paidAt: null }, data: { paidAt: new Date() } })
    if (count === 1) await prisma.account.update({ where: { id: request.user.accountId }, data: { plan: order.plan } })
    return { ok: true }
  })

  fastify.get('/payments/:id', { preHandler: [fastify.authenticate] }, async (request, reply) => {
    const payment = await prisma.payment.findUnique({ where: { id: request.params.id } })
    if (payment?.accountId !== request.user.accountId) return reply.code(404).send()
    return payment
  })

  fastify.post('/subscription/cancel', { preHandler: [fastify.authenticate] }, async (request) => {
    const account = await prisma.account.findUniqueOrThrow({ where: { id: request.user.accountId } })
    await fastify.stripe.subscriptions.cancel(account.stripeSubscriptionId)
    return { ok: true }
  })
}
