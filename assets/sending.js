// Files on their way in: what was dropped or chosen is sent one by one, then handed to the program as one batch.
// Joined to page.js, whose find, say, send and isReading it uses; `upload` is Gradio's.

const waiting = [];
let isSending = false;
let isCancelled = false;

async function filesOf(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return [...transfer.files];
  const found = [];
  for (const entry of entries) await walk(entry, found);
  return found;
}

async function walk(entry, found) {
  if (entry.isFile) return void found.push(await new Promise((resolve, reject) => entry.file(resolve, reject)));
  const reader = entry.createReader();
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return;
    for (const each of some) await walk(each, found);
  }
}

function addFiles(files) {
  waiting.push(...[...files].filter((file) => !file.name.startsWith(".")));
  sendFiles();
}

// One batch at a time: what is dropped while another batch is read waits for its end.
async function sendFiles() {
  if (isSending || isReading() || !waiting.length) return;
  isSending = true;
  isCancelled = false;
  const batch = waiting.splice(0), sent = [];
  for (const [at, file] of batch.entries()) {
    if (isCancelled) break;
    find("#sending").textContent = `Sending ${at + 1} of ${batch.length}: ${file.name} (Esc leaves out the rest)`;
    try {
      const { path } = await upload(file);
      sent.push({ name: file.name, path });
    } catch {
      say(`${file.name} could not be sent: it is larger than the limit, or the connection broke. The other files are not affected.`);
    }
  }
  find("#sending").textContent = "";
  isSending = false;
  if (sent.length) send("add_files", { files: sent });
}

