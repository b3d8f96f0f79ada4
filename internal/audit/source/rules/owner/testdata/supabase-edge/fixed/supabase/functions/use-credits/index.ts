import { serve } from 'https://deno.land/std@0.168.0/http/server.ts'
import { createClient } from 'https://esm.sh/@supabase/supabase-js@2.39.3'

serve(async (req) => {
  const supabase = createClient(Deno.env.get('SUPABASE_URL') ?? '', Deno.env.get('SUPABASE_SERVICE_ROLE_KEY') ?? '')
  const { data: { user } } = await supabase.auth.getUser(req.headers.get('Authorization')!.replace('Bearer ', ''))
  if (!user) return new Response('unauthorized', { status: 401 })
  const { documentId } = await req.json()
  const { data: doc } = await supabase.from('documents').select('*').eq('id', documentId).eq('owner_id', user.id).single()
  if (!doc) return new Response('not found', { status: 404 })
  const { data: ok } = await supabase.rpc('take_credit', { p_user: user.id })
  if (!ok) return new Response('no credits', { status: 402 })
  return new Response(JSON.stringify(doc))
})
