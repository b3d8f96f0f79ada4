'use client'
import { useState } from 'react'

export function Transcribe({ user }: { user: { plan: string } }) {
  const [text, setText] = useState('')
  if (user.plan !== 'pro') return <a href="/pricing">Upgrade</a>
  return <button onClick={async () => setText(await (await fetch('/api/transcribe', { method: 'POST' })).text())}>{text || 'Go'}</button>
}
