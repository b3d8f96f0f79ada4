import { serve } from 'https://deno.land/std@0.168.0/http/server.ts'
import { createClient } from 'https://esm.sh/@supabase/supabase-js@2.39.3'

serve(async (req) => {
  const supabase = createClient(Deno.env.get('SUPABASE_URL') ?? '', Deno.env.get('SUPABASE_SERVICE_ROLE_KEY') ?? '')
  const { data: { user } } = await supabase.auth.getUser(req.headers.get('Authorization')!.replace('Bearer ', ''))
  if (!user) return new Response('unauthorized', { status: 401 })
  const { documentId } = await req.json()
  const { data: doc } = await supabase.from('documents').select('*').eq('id', documentId).single()
  const { data: profile } = await supabase.from('profiles').select('credits').eq('id', user.id).single()
  if (profile.credits < 1) return new Response('no credits', { status: 402 })
  await supabase.from('profiles').update({ credits: profile.credits - 1 }).eq('id', user.id)
  console.log('token', req.headers.get('Authorization'))
  return new Response(JSON.stringify(doc))
})
