import { createServerClient } from '@supabase/ssr'
import { createClient } from '@supabase/supabase-js'
import { PUBLIC_SUPABASE_ANON_KEY, PUBLIC_SUPABASE_URL } from '$env/static/public'
import { PRIVATE_SERVICE_ROLE } from '$env/static/private'

export const handle = async ({ event, resolve }) => {
  event.locals.supabase = createServerClient(PUBLIC_SUPABASE_URL, PUBLIC_SUPABASE_ANON_KEY, {
    cookies: { getAll: () => event.cookies.getAll() },
  })
  event.locals.all = createClient(PUBLIC_SUPABASE_URL, PRIVATE_SERVICE_ROLE)
  event.locals.whoCalls = async () => {
    const { data } = await event.locals.supabase.auth.getSession()
    if (!data.session) return { session: null }
    const { error } = await event.locals.supabase.auth.getUser()
    if (error) return { session: null }
    return { session: data.session }
  }
  return resolve(event)
}
