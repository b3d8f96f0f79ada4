import { headers } from 'next/headers'
import { stripe } from '@/lib/stripe'
import { plans } from '@/lib/plans'
import { prisma } from '@/lib/prisma'

export async function POST(req: Request) {
  const body = await req.text()
  const signature = (await headers()).get('stripe-signature') as string
  let event
  try {
    event = stripe.webhooks.constructEvent(body, signature, process.env.STRIPE_WEBHOOK_SECRET!)
  } catch {
    return new Response('bad signature', { status: 400 })
  }
  try {
    await prisma.$transaction(async (tx) => {
// if idempotency-missing
// else
      await tx.processedEvent.create({ data: { id: event.id } })
// end
      if (event.type !== 'invoice.paid') return
      const invoice = event.data.object
// if billing-reason-ignored
// else
      if (!['subscription_create', 'subscription_cycle'].includes(invoice.billing_reason ?? '')) return
// end
      const plan = plans[invoice.lines.data[0].pricing!.price_details!.price as keyof typeof plans]
      await tx.user.update({
// if email-match
        where: { email: invoice.customer_email! },
// else
        where: { stripeCustomerId: invoice.customer as string },
// end
        data: { credits: { increment: plan.credits }, plan: plan.name },
      })
    })
  } catch (e) {
    console.error('webhook', event.id)
// if webhook-200-on-error
// else
    return new Response('later', { status: 500 })
// end
  }
  return new Response('ok')
}
