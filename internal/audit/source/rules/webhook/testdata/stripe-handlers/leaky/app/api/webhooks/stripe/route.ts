import { headers } from 'next/headers'
import { stripe } from '@/lib/stripe'
import { handleCheckout, handleInvoice } from '@/lib/billing'

export async function POST(req: Request) {
  const body = await req.text()
  const sig = (await headers()).get('stripe-signature') as string
  let event
  try {
    event = stripe.webhooks.constructEvent(body, sig, process.env.STRIPE_WEBHOOK_SECRET!)
  } catch (e) {
    return new Response('bad', { status: 400 })
  }
  switch (event.type) {
    case 'checkout.session.completed':
      await handleCheckout(event.data.object)
      break
    case 'invoice.paid':
      await handleInvoice(event.data.object)
      break
  }
  return new Response('ok')
}
