'use client'

export async function signIn(email: string, password: string) {
  const answer = await fetch('/api/login', { method: 'POST', body: JSON.stringify({ email, password }) })
  const data = await answer.json()
// if token-in-browser-storage
  localStorage.setItem('token', data.token)
// else
  sessionStorage.setItem('name', data.name)
// end
}
