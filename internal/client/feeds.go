package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/amparo-project/amparo/internal/workspace"
)

// Schedule returns how often the server's feeds are asked.
func (c *Client) Schedule(ctx context.Context) (workspace.Schedule, error) {
	var got struct {
		workspace.Schedule
		Minutes int64 `json:"minutes"`
	}
	err := c.get(ctx, "/indicators/schedule", nil, &got)
	got.Every = time.Duration(got.Minutes) * time.Minute
	return got.Schedule, err
}

// SetSchedule has the server's feeds asked again and again.
func (c *Client) SetSchedule(ctx context.Context, every time.Duration) error {
	return c.put(ctx, "/indicators/schedule", map[string]any{"minutes": int64(every / time.Minute)})
}

// put sets something: asked again it is the same.
func (c *Client) put(ctx context.Context, path string, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return c.json(ctx, call{method: http.MethodPut, path: path, kind: "application/json", body: bytesOf(data), again: true}, nil)
}

// Updated returns the last job that asked the feeds, and what came.
func (c *Client) Updated(ctx context.Context) (j workspace.Job, u workspace.FeedUpdate, err error) {
	var got struct {
		Job   *workspace.Job         `json:"job"`
		Done  []workspace.FeedResult `json:"done"`
		Hunts int                    `json:"hunts"`
	}
	if err := c.get(ctx, "/indicators/update", nil, &got); err != nil {
		return j, u, err
	}
	if got.Job == nil {
		return j, u, fmt.Errorf("update of feeds: %w", workspace.ErrNotFound)
	}
	return *got.Job, workspace.FeedUpdate{Job: got.Job.ID, Feeds: got.Done, Hunts: got.Hunts}, nil
}

// OrderHunts has a case hunted in after each news of the feeds, or ends that.
func (c *Client) OrderHunts(ctx context.Context, caseID string, on bool) error {
	return c.put(ctx, "/cases/"+part(caseID)+"/hunts", map[string]any{"on": on})
}

// HuntsOrdered lists the cases that are hunted in after each news.
func (c *Client) HuntsOrdered(ctx context.Context) ([]string, error) {
	var got struct {
		Ordered []string `json:"ordered"`
	}
	err := c.get(ctx, "/indicators/hunts", nil, &got)
	return got.Ordered, err
}
