package cli

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/tijorihq/tijori/internal/postgres"
)

// keyFlags say with which key secrets are sealed that the program itself must read again.
type keyFlags struct {
	Key string `env:"TIJORI_KEY" placeholder:"TEXT" help:"Seals the secrets of authenticator apps in the database: 32 random letters or more, the same on every node (default: installation.key in the state directory, made at the first start)."`
}

const (
	keyFile  = "installation.key"
	keyBytes = 32
)

// installationKey is the key of TIJORI_KEY or of the file in the state directory, which is made when it is missing.
// A node of several has the setting: a file of its own would open nothing that the others have sealed.
func (f *serveFlags) installationKey(log *slog.Logger) ([]byte, error) {
	if f.Key != "" {
		if len(f.Key) < keyBytes {
			return nil, usagef("TIJORI_KEY has %d letters, and needs %d or more\nopenssl rand -hex 32 makes one",
				len(f.Key), keyBytes)
		}
		return []byte(f.Key), nil
	}
	if f.NoMigrate || f.NoJobs {
		log.Warn("there are no authenticator apps without TIJORI_KEY on a node of several")
		return nil, nil
	}
	dir, err := f.dataDir()
	if err == nil {
		var key []byte
		if key, err = keyIn(dir); err == nil {
			return key, nil
		}
	}
	if f.DatabaseURL != "" { // nothing else needs a state directory there
		log.Warn("there are no authenticator apps without TIJORI_KEY", "error", err)
		return nil, nil
	}
	return nil, err
}

// keyIn reads the key file of a folder, or makes it. Two programs that start at once agree on one key.
func keyIn(dir string) ([]byte, error) {
	name := filepath.Join(dir, keyFile)
	key, err := readKey(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	made := make([]byte, keyBytes)
	rand.Read(made) // never fails
	file, err := os.CreateTemp(dir, "."+keyFile+"-*")
	if err != nil {
		return nil, keyError(err)
	}
	_, err = file.WriteString(hex.EncodeToString(made) + "\n")
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Link(file.Name(), name) // whole or not at all, and never over one that is there
	}
	if err = errors.Join(ignoreExisting(err), os.Remove(file.Name())); err != nil {
		return nil, keyError(err)
	}
	return readKey(name)
}

func ignoreExisting(err error) error {
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

func readKey(name string) ([]byte, error) {
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err != nil {
		return nil, keyError(err)
	}
	key, err := hex.DecodeString(string(bytes.TrimSpace(text)))
	if err != nil || len(key) != keyBytes {
		return nil, &postgres.SetupError{
			Problem: name + " is no key",
			Hint:    "bring back the file that was there, or set TIJORI_KEY; without either, users set up their authenticator apps again",
		}
	}
	return key, nil
}

func keyError(err error) error {
	return &postgres.SetupError{
		Problem: "cannot read or make the installation's key",
		Hint:    "set TIJORI_DATA to a folder that you may write to, or TIJORI_KEY", Err: err,
	}
}
