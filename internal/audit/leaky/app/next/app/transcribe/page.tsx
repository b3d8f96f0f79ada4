'use client'
import { useUser } from '@/lib/use-user'

export default function Transcribe() {
  const { user } = useUser()
  if (user?.plan !== 'pro') return <a href="/pricing">Upgrade to Pro</a>
  return <button onClick={() => fetch('/api/transcribe', { method: 'POST' })}>Transcribe</button>
}
