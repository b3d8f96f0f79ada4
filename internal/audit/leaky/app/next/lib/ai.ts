import OpenAI from 'openai'

const openai = new OpenAI()

export async function transcribe(sound: ArrayBuffer) {
  const answer = await openai.audio.transcriptions.create({ model: 'whisper-1', file: new File([sound], 'sound.wav') })
  return answer.text
}
