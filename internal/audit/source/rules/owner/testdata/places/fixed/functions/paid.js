import Stripe from 'stripe'

export async function onRequestPost({ request, env }) {
  const stripe = new Stripe(env.STRIPE_SECRET_KEY)
  const event = await stripe.webhooks.constructEventAsync(
    await request.text(), request.headers.get('stripe-signature'), env.STRIPE_WEBHOOK_SECRET)
  if (event.type === 'checkout.session.completed') {
    await env.DB.prepare('UPDATE shops SET plan = ? WHERE id = ?').bind('pro', event.data.object.metadata.shop).run()
  }
  return new Response('ok')
}
