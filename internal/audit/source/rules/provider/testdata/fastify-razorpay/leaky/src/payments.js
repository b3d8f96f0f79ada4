import crypto from 'node:crypto'
import { prisma } from './prisma.js'

export default async function payments(fastify) {
  fastify.post('/payments/verify', { preHandler: [fastify.authenticate] }, async (request, reply) => {
    const { orderId, paymentId, signature, plan } = request.body
    const expected = crypto.createHmac('sha256', process.env.RAZORPAY_KEY_SECRET).update(orderId + '|' + paymentId).digest('hex')
    if (!crypto.timingSafeEqual(Buffer.from(expected), Buffer.from(signature))) {
      return reply.code(400).send({ error: 'bad signature' })
    }
    await prisma.account.update({ where: { id: request.user.accountId }, data: { plan, paidUntil: new Date(Date.now() + 30 * 864e5) } })
    return { ok: true }
  })

  fastify.get('/payments/:id', { preHandler: [fastify.authenticate] }, async (request) => {
    return prisma.payment.findUnique({ where: { id: request.params.id } })
  })

  fastify.post('/subscription/cancel', { preHandler: [fastify.authenticate] }, async (request) => {
    await fastify.stripe.subscriptions.cancel(request.body.subscriptionId)
    return { ok: true }
  })
}
