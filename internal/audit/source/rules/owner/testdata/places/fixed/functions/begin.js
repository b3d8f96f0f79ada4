import { createClient } from '@supabase/supabase-js'

export async function onRequestPost({ request, env }) {
  const supabase = createClient(env.SUPABASE_URL, env.SUPABASE_ANON_KEY)
  const { data } = await supabase.auth.getUser(request.headers.get('authorization'))
  if (!data.user) return new Response(null, { status: 401 })
  const form = new URLSearchParams()
  form.set('mode', 'subscription')
  form.append('line_items[0][price]', env.PRICE)
  form.append('metadata[shop]', data.user.id)
  const res = await fetch('https://api.stripe.com/v1/checkout/sessions', {
    method: 'POST',
    headers: { Authorization: `Bearer ${env.STRIPE_SECRET_KEY}` },
    body: form,
  })
  return Response.json({ url: (await res.json()).url })
}
